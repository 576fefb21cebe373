# SPDX-License-Identifier: Apache-2.0
"""``check``: try everything that a collection needs, and say in words what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slack_audit_input.collector.ports import Log
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.walk import reading_of
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.main import exit_code_of
from slack_audit_input.hosts.cli.outputs import (
    check_output,
    forwarding,
    output,
    outputs_of,
    to_stdout,
)
from slack_audit_input.hosts.cli.tokens import shown_of, source_from
from slack_audit_input.hosts.wording import without_tokens
from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    Refused,
    SinkError,
    StoreError,
)
from slack_audit_input.slack.answers import document_of, page_of, params_of
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.diagnosis import REGIONS, diagnose
from slack_audit_input.slack.oauth import web_api_url
from slack_audit_input.slack.settings import Settings as ClientSettings
from slack_audit_input.slack.settings import checked_url
from slack_audit_input.slack.source import TokenSource
from slack_audit_input.stores.places import place_of
from slack_audit_input.stores.sql import SqlState

if TYPE_CHECKING:
    from slack_audit_input.hosts.cli.forwarding import Forwarding
    from slack_audit_input.sinks.forward.addresses import Address

#: A clock that is off by more is worth a word; collection goes by Slack's clock in any case.
CLOCK_OFF = 5


@click.command("check")
@options.option(
    "--send-test-record",
    is_flag=True,
    help="With --output forward: have each host accept one record, marked as a test.",
)
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def check(send_test_record: bool, **values: Any) -> None:
    """Try everything that a collection needs, and say in words what is wrong.

    Slack's address, the clock, the token, its scope and plan, the filters, the state and the
    output; of forward hosts connection and handshake. Changes nothing, but for the record that
    --send-test-record asks for, and a token that it is time to refresh; two calls to Slack. When
    the token is refused a few more find out why: it may then be shown to the other of Slack's two
    regions. Exit 0 when all is well.
    """
    log = options.logger(values)
    report = _Report()
    settings = report.try_(
        "settings", lambda: options.collection_settings(values, time.time(), True)
    )
    client_settings = options.client_settings(values)
    url = report.try_("api url", lambda: checked_url(client_settings.api_url))
    date: int | None = None
    if url is not None:
        answer = report.try_("slack", lambda: _reach(Client(client_settings, None)))
        if answer is not None:
            date = answer.date
            report.say("clock", _clock_words(date))
    source = report.try_("token", lambda: source_from(values, log), shown_of)
    if source is not None and settings is not None and url is not None:
        now = date if date is not None else int(time.time())
        client = Client(client_settings, source)
        report.try_("audit logs", lambda: _read_one(client, settings, now))
        if isinstance(report.failed, AuthError):
            report.why(lambda: _why(client_settings, source, values["web_api_url"]))
    report.try_("state", lambda: _state_words(values["state"]))
    named = settings or Settings(values["input"], values["account"], None)
    _try_outputs(report, values, named, log, send_test_record)
    if report.worst:
        raise click.exceptions.Exit(report.worst)


class _Report:
    """One line per thing tried; ``worst`` is the first failure's exit code.

    ``failed``: the error of the thing that was tried last.
    """

    def __init__(self) -> None:
        self.worst = 0
        self.failed: CollectorError | None = None

    def try_(
        self, name: str, attempt: Callable[[], Any], shown: Callable[[Any], str] | None = None
    ) -> Any:
        """Its result, or None after a failure, which is said. ``shown``: the result in words."""
        self.failed = None
        try:
            found = attempt()
        except CollectorError as error:
            self.failed = error
            self.worst = self.worst or exit_code_of(error)
            click.echo(without_tokens(f"FAILED  {name}: {error}"))
            return None
        words = found if isinstance(found, str) else ""
        self.say(name, shown(found) if shown is not None else words)
        return found

    def why(self, find_out: Callable[[], str]) -> None:
        """Why the last thing failed, if that can be found out."""
        try:
            click.echo(without_tokens(f"        why: {find_out()}"))
        except CollectorError as error:
            click.echo(without_tokens(f"        why: not found out ({error})"))

    def say(self, name: str, words: str) -> None:
        """A line for what is well."""
        click.echo(f"ok      {name}" + (f": {words}" if words else ""))


def _try_outputs(
    report: _Report, values: dict[str, Any], settings: Settings, log: Log, record: bool
) -> None:
    outputs = outputs_of(values)

    def fits() -> str:
        check_output(values, settings, log)
        if record and "forward" not in outputs:
            raise ConfigError("--send-test-record needs --output forward")
        if "ndjson" not in outputs:
            return ", ".join(outputs)
        return "stdout" if to_stdout(values) else _writable(Path(values["output_file"]))

    if report.try_("output", fits) is not None and "forward" in outputs:
        _try_hosts(report, forwarding(values, settings, log), record)


def _try_hosts(report: _Report, found: Forwarding, record: bool) -> None:
    """Each host, for a standby that does not fit is found out on the day it is needed."""
    for address in found.addresses:

        def attempt(address: Address = address) -> str:
            found.try_(address, record)
            done = "has accepted a test record" if record else "is there"
            return f"{address} {done}"

        report.try_("forward", attempt)
    # Its folder is made when it is needed, as the state's is.
    path = found.dead_letters
    while not path.exists() and not path.absolute().parent.exists():
        path = path.absolute().parent
    report.try_("dead letters", lambda: _writable(path) and str(found.dead_letters))


def _writable(path: Path) -> str:
    # Looked at, not opened: a collector may be writing to it.
    nearest = path if path.exists() else path.absolute().parent
    if not nearest.exists():
        raise SinkError(f"the folder {nearest} does not exist")
    if not os.access(nearest, os.W_OK):
        raise SinkError(f"{nearest} is not writable for this user")
    return str(path)


def _reach(client: Client) -> Answer:
    answer = client.get("actions", {})
    document = document_of(answer)
    if not isinstance(document, dict) or not isinstance(document.get("actions"), dict):
        raise ConfigError("this address answers, but not as the Audit Logs API does: see --api-url")
    return answer


def _clock_words(date: int | None) -> str:
    if date is None:
        return "Slack's answer has no Date; this machine's clock is used"
    off = time.time() - date
    if abs(off) <= CLOCK_OFF:
        return "agrees with Slack's"
    side = "ahead of" if off > 0 else "behind"
    return f"{abs(off):.0f} s {side} Slack's; collection goes by Slack's, but set this one right"


def _read_one(client: Client, settings: Settings, now: int) -> str:
    reading = reading_of(now - 86400, now - 2, "", 1, now - 2)
    try:
        page = page_of(client.get("logs", params_of(reading, settings.filters)), reading, None)
    except Refused as error:
        raise ConfigError(
            f"{error}: is each --action a name that Slack lists? `slack-audit-input actions`"
        ) from None
    found = f"the newest is {now - page.newest} s old" if page.newest else "none in the last day"
    return f"the token reads the organization's audit log ({found})"


def _why(settings: ClientSettings, source: TokenSource, given: str) -> str:
    web_url = web_api_url(settings.api_url, given)
    # Another region is one of Slack's own, or none: a token goes to nobody else.
    regions = REGIONS if web_url in REGIONS.values() else {}
    diagnosis = diagnose(settings, source, web_url, regions)
    return "by now Slack accepts it" if diagnosis.well else diagnosis.words


def _state_words(url: str) -> str:
    path = place_of(url).path
    if path is not None and not path.exists():
        folder = next(parent for parent in path.parents if parent.exists())
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise StoreError(f"{url} does not exist, and {folder} is not writable for this user")
        return f"{url} does not exist yet; the first run makes it"
    state = SqlState(url, create=False)
    try:
        state.probe()
        names = ", ".join(state.inputs()) or "no input yet"
    finally:
        state.close()
    return f"{state.shown} ({names})"
