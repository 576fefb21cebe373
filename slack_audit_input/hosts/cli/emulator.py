# SPDX-License-Identifier: Apache-2.0
"""The command `emulator`: Slack's Audit Logs API on loopback. See slack_audit_input.emulator."""

from __future__ import annotations

import click

from slack_audit_input.emulator.command import emulator as plain
from slack_audit_input.hosts.cli import configfile

# The emulator knows nothing of the collector and its files, so the option for them is put on here.
emulator: click.Command = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=configfile.callback,
    help="TOML file with options by their names, at the top or in the table [emulator].",
)(plain)
