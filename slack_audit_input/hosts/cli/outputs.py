# SPDX-License-Identifier: Apache-2.0
"""The options that say where events go, and the sink they make."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slack_audit_input.collector.ports import Log, Sink
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.forward_options import forward
from slack_audit_input.hosts.cli.options import Number, option, together
from slack_audit_input.hosts.cli.places import collector_of
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.coverage import CoverageFile
from slack_audit_input.sinks.ecs import EcsLines
from slack_audit_input.sinks.fanout import Fanout
from slack_audit_input.sinks.ndjson import Lines, NdjsonFile, NdjsonStream

if TYPE_CHECKING:
    from slack_audit_input.hosts.cli.forwarding import Forwarding

output = together(
    option(
        "--output",
        type=click.Choice(["ndjson", "forward"]),
        multiple=True,
        default=("ndjson",),
        show_default="ndjson",
        help="ndjson: one line an event, on stdout or in --output-file. forward: to Fluentd or "
        "Fluent Bit, which acknowledge. Given twice: an event counts when both have it.",
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
    option(
        "--coverage-output",
        type=click.Path(dir_okay=False),
        help="Append coverage records to this file, one line of JSON each. With --output forward "
        "they also go to the host, under the tag with .coverage behind it.",
    ),
    forward,
)


def check_output(values: dict[str, Any], settings: Settings, log: Log) -> None:
    """Raise ConfigError when the options do not go together; nothing is opened."""
    _check_ndjson(values)
    if "forward" in outputs_of(values):
        forwarding(values, settings, log)


def outputs_of(values: dict[str, Any]) -> tuple[str, ...]:
    """The outputs asked for, each once, in the order given."""
    return tuple(dict.fromkeys(values["output"]))


def to_stdout(values: dict[str, Any]) -> bool:
    """Do events go to stdout?"""
    return "ndjson" in outputs_of(values) and values["output_file"] in (None, "-")


def forwarding(values: dict[str, Any], settings: Settings, log: Log) -> Forwarding:
    """What the options of --output forward say. Raises ConfigError."""
    # Its libraries are loaded for those who want them only.
    from slack_audit_input.hosts.cli.forwarding import Forwarding

    return Forwarding(values, settings, log)


def sink_of(values: dict[str, Any], settings: Settings, log: Log, stop: Callable[[], bool]) -> Sink:
    """The sink that the options describe; one that waits for a host stops when ``stop()``.

    Raises ConfigError, and SinkError when it cannot be opened.
    """
    _check_ndjson(values)
    outputs = outputs_of(values)
    made = forwarding(values, settings, log) if "forward" in outputs else None
    sinks = [
        made.sink(log, stop)
        if made is not None and name == "forward"
        else _ndjson(values, settings)
        for name in outputs
    ]
    if values["coverage_output"]:
        lines = Lines(collector_of(settings))
        sinks.append(CoverageFile(lines, Path(values["coverage_output"])))
    return sinks[0] if len(sinks) == 1 else Fanout(sinks)


def _check_ndjson(values: dict[str, Any]) -> None:
    if values["coverage_output"] and values["coverage_output"] == values["output_file"]:
        raise ConfigError("--coverage-output must be another file than --output-file")
    if "ndjson" not in outputs_of(values):
        for name in ("output_file", "rotate_mb"):
            if values[name]:
                raise ConfigError(f"--{name.replace('_', '-')} needs --output ndjson")
    elif values["rotate_mb"] and to_stdout(values):
        raise ConfigError("--rotate-mb needs --output-file: stdout cannot be rotated")


def _ndjson(values: dict[str, Any], settings: Settings) -> Sink:
    form = EcsLines if values["format"] == "ecs" else Lines
    lines = form(collector_of(settings))
    if not to_stdout(values):
        return NdjsonFile(
            lines,
            Path(values["output_file"]),
            int(values["rotate_mb"] * 1024 * 1024),
            values["rotate_keep"],
        )
    # Python has no stdout when it was started without one; its number may by now be another
    # file's, the state's for example.
    if sys.stdout is None:
        raise ConfigError("stdout is closed: give --output-file")
    try:
        return NdjsonStream(lines, sys.stdout.fileno())
    except (OSError, ValueError):
        raise ConfigError("stdout is closed: give --output-file") from None
