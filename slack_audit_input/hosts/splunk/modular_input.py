# SPDX-License-Identifier: Apache-2.0
"""The two functions that UCC's generated script calls: validate an input, and run it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slack_audit_input.hosts.splunk import APP, KIND, SOURCETYPE
from slack_audit_input.hosts.splunk.accounts import SETTINGS
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.inputs import check_input
from slack_audit_input.hosts.splunk.logs import InputLog
from slack_audit_input.hosts.splunk.session import Session
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.hosts.wording import place_of
from slack_audit_input.model.errors import CollectorError, ConfigError, ProtocolError

__all__ = ["APP", "KIND", "SOURCETYPE", "stream_events", "validate_input"]


def validate_input(definition: Any) -> None:
    """Raise ConfigError, in words for the person at the form, unless the input can work.

    ``definition``: splunklib's ValidationDefinition.
    """
    metadata: Mapping[str, str] = definition.metadata
    parts = urlsplit(metadata["server_uri"])
    check_input(
        metadata["name"],
        definition.parameters,
        metadata["session_key"],
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port,
    )


def stream_events(inputs: Any, _event_writer: Any) -> None:
    """Run one input until it is stopped, or has caught up.

    ``inputs``: splunklib's InputDefinition, with one stanza. Ends the process with the error's
    exit code after an error, which has been logged by then.
    """
    metadata: Mapping[str, str] = inputs.metadata
    for stanza, given in inputs.inputs.items():
        code = _run(stanza.partition("://")[2], given, metadata)
        if code:
            sys.exit(code)


def _run(name: str, given: Mapping[str, str | None], metadata: Mapping[str, str]) -> int:
    log = InputLog(name)
    try:
        splunkd = Splunkd.at(metadata["server_uri"], metadata["session_key"])
        session = Session(name, splunkd, log)
    except CollectorError as error:
        log("error", "failed", exit=error.exit_code, error=in_words(error))
        return error.exit_code
    try:
        logging = splunkd.content(f"configs/conf-{SETTINGS}/logging") or {}
        log.least(logging.get("loglevel", "INFO"))
        session.run(given)
    except CollectorError as error:
        if session.stop() and not isinstance(error, ConfigError):
            # Told to stop in the middle of it: nothing that anybody must see to.
            log("info", "stopped", note=in_words(error))
            return 0
        session.health.failed(error, in_words(error))
        if isinstance(error, ProtocolError) and error.evidence:
            _keep(error.evidence, Path(metadata.get("checkpoint_dir") or "."), log)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a mistake of ours; it must be told, not swallowed
        words = "a mistake of this add-on's, not of a setting: please report kind and place"
        log(
            "error", "failed", exit=1, error=words, kind=type(error).__name__, place=place_of(error)
        )
        return 1
    return 0


def _keep(evidence: bytes, folder: Path, log: InputLog) -> None:
    """Put an answer that is not understood where whoever looks into it finds it."""
    path = folder / f"slack-answer-{int(time.time())}.bin"
    try:
        path.touch(mode=0o600)
        path.write_bytes(evidence)
    except OSError as failed:
        log("warning", "evidence_not_kept", reason=str(failed))
    else:
        log("error", "evidence_kept", path=path)
