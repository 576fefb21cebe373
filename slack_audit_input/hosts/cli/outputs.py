# SPDX-License-Identifier: Apache-2.0
"""The options that say where events go, and the sink they make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from slack_audit_input import __version__
from slack_audit_input.collector.ports import Sink
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.options import Number, option, together
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.ecs import EcsLines
from slack_audit_input.sinks.ndjson import Lines, NdjsonFile, NdjsonStream

output = together(
    option(
        "--output",
        type=click.Choice(["ndjson"]),
        default="ndjson",
        help="ndjson: one line an event, on stdout or in --output-file.",
    ),
    option(
        "--format",
        type=click.Choice(["raw", "ecs"]),
        default="raw",
        help="raw: the entry as Slack sent it, with two keys in front. ecs: fields of Elastic's "
        "Common Schema, the entry's text in event.original.",
    ),
    option(
        "--output-file",
        type=click.Path(dir_okay=False),
        help="Append to this file instead of stdout (which is also -); each page is on the disk "
        "(fsync) before its checkpoint.",
    ),
    option(
        "--rotate-mb",
        type=Number(0),
        default=0.0,
        help="Begin a new file when --output-file is larger; 0 is never. Old ones become .1, .2 …",
    ),
    option(
        "--rotate-keep",
        type=click.IntRange(1, 1000),
        default=5,
        help="How many old files to keep. The oldest is deleted: ship it before.",
    ),
)


def sink_of(values: dict[str, Any], settings: Settings) -> Sink:
    """The sink that the options describe. Raises SinkError when it cannot be opened."""
    form = EcsLines if values["format"] == "ecs" else Lines
    lines = form(
        {
            "name": "slack_audit_input",
            "version": __version__,
            "account": settings.account,
            "input": settings.input,
        }
    )
    if values["output_file"] not in (None, "-"):
        return NdjsonFile(
            lines,
            Path(values["output_file"]),
            int(values["rotate_mb"] * 1024 * 1024),
            values["rotate_keep"],
        )
    if values["rotate_mb"]:
        raise ConfigError("--rotate-mb needs --output-file: stdout cannot be rotated")
    # Python has no stdout when it was started without one; its number may by now be another
    # file's, the state's for example.
    if sys.stdout is None:
        raise ConfigError("stdout is closed: give --output-file")
    try:
        return NdjsonStream(lines, sys.stdout.fileno())
    except (OSError, ValueError):
        raise ConfigError("stdout is closed: give --output-file") from None
