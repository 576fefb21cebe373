# SPDX-License-Identifier: Apache-2.0
"""The options of ``--output forward``."""

from __future__ import annotations

import click

from slack_audit_input.hosts.cli.options import Number, option, together

forward = together(
    option(
        "--forward-host",
        multiple=True,
        default=("127.0.0.1:24224",),
        show_default="127.0.0.1:24224",
        metavar="HOST:PORT",
        help="Where Fluentd or Fluent Bit listens: name:port, [::1]:port or unix:///path; "
        "repeatable, the first that is well is used.",
    ),
    option(
        "--forward-tag",
        default="slack.audit",
        help="Tag of the records; may hold {account}, {input} and {category} of the action.",
    ),
    option(
        "--forward-shared-key-file",
        type=click.Path(dir_okay=False),
        help="File with the hosts' shared_key; or SLACK_AUDIT_FORWARD_SHARED_KEY holds it.",
    ),
    option("--forward-username", default="", help="User, where the hosts want one."),
    option(
        "--forward-password-file",
        type=click.Path(dir_okay=False),
        help="File with that user's password; or SLACK_AUDIT_FORWARD_PASSWORD holds it.",
    ),
    option("--forward-tls", is_flag=True, help="Use TLS; certificate and name are verified."),
    option("--forward-ca-file", default="", help="CAs to trust instead of the system's."),
    option("--forward-cert-file", default="", help="Our certificate, if the hosts want one."),
    option("--forward-key-file", default="", help="Its key, if that is in a file of its own."),
    option(
        "--forward-server-name",
        default="",
        help="Name that the certificate must have, if not the host's own.",
    ),
    option(
        "--forward-ack-timeout",
        type=Number(1, 3600),
        default=60.0,
        help="Seconds without an acknowledgement after which a batch is sent again.",
    ),
    option(
        "--forward-connect-timeout",
        type=Number(1, 600),
        default=10.0,
        help="Seconds for a connection, and for its handshake.",
    ),
    option("--forward-gzip", is_flag=True, help="Compress batches."),
    option(
        "--forward-batch-events",
        type=click.IntRange(1, 10_000),
        default=500,
        help="Most events in a batch.",
    ),
    option(
        "--forward-batch-kb",
        type=click.IntRange(1, 5_000),
        default=1_000,
        help="Most kilobytes in a batch, before compression. Fluent Bit takes 6,144.",
    ),
    option(
        "--dead-letters",
        type=click.Path(dir_okay=False),
        show_default="dead-letters.ndjson beside the state",
        help="File for entries that a host refuses for ever while it accepts others.",
    ),
)
