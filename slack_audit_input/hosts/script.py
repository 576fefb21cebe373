# SPDX-License-Identifier: Apache-2.0
"""The public Python API: Slack's audit log for people's own scripts, without any state.

::

    from slack_audit_input import AuditLogs

    logs = AuditLogs(open("token.txt").read())
    for entry in logs.events("2026-11-01", "-1h", action=["user_login", "user_logout"]):
        print(entry["date_create"], entry["actor"]["user"]["email"])
"""

from __future__ import annotations

import json
import os
import random
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from slack_audit_input import __version__
from slack_audit_input.collector.settings import PAGE_MOST
from slack_audit_input.collector.walk import Walk
from slack_audit_input.hosts.moments import second_of
from slack_audit_input.model.errors import AuthError, ConfigError, ProtocolError
from slack_audit_input.slack.answers import document_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.classify import raise_not_ok
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.clock import SlackClock
from slack_audit_input.slack.filters import Filters
from slack_audit_input.slack.oauth import refresher
from slack_audit_input.slack.oauth import web_api_url as url_of_web_api
from slack_audit_input.slack.rotation import Rotation
from slack_audit_input.slack.scan import scan_hard
from slack_audit_input.slack.settings import API_URL, Settings
from slack_audit_input.slack.source import TokenSource
from slack_audit_input.slack.token import Token

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds that a stretch without an end stays behind Slack's clock, whose current second is
#: still filling.
BEHIND = 2
#: Milliseconds are a common mistake: 100 billion seconds lie in the year 5138.
MOMENT_MOST = 100_000_000_000


class Timekeeper(Protocol):
    """Time, and waiting for it: what tests replace."""

    def monotonic(self) -> float:
        """Seconds that only rise."""

    def wall(self) -> float:
        """Unix seconds by this machine's clock."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class _Machine:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class AuditLogs:
    """One organization's audit log.

    ``token``: a user token of an organization Owner with ``auditlogs:read``, or a source of
    such; not needed for ``actions`` and ``schemas``. See also ``signed_in``.
    ``calls_per_minute``: this object's share of Slack's limit. ``give_up_after``: seconds for
    which faults of Slack or the network are borne before GaveUp; 0 is without end.
    ``timekeeper``: for tests. Use it from one thread, or as a context manager. Errors are those
    of ``slack_audit_input.model.errors``.
    """

    def __init__(
        self,
        token: str | TokenSource = "",
        *,
        api_url: str = API_URL,
        proxy: str = "",
        ca_file: str = "",
        calls_per_minute: int = 45,
        page_size: int = PAGE_MOST,
        give_up_after: float = 600.0,
        timekeeper: Timekeeper | None = None,
    ) -> None:
        if not 1 <= page_size <= PAGE_MOST:
            raise ConfigError(f"page_size must be between 1 and {PAGE_MOST}")
        settings = Settings(api_url, proxy, ca_file, agent=f"slack-audit-input/{__version__}")
        self._open = Client(settings, None)
        source = Token(token) if isinstance(token, str) and token else token
        self._client = None if isinstance(source, str) else Client(settings, source)
        self._budget = CallBudget(calls_per_minute)
        self._page_size = page_size
        self._give_up_after = give_up_after
        self._time = timekeeper or _Machine()
        self._slack_clock = SlackClock(self._time.wall(), self._time.monotonic())

    @classmethod
    def signed_in(
        cls, credentials: str | os.PathLike[str], *, web_api_url: str = "", **settings: Any
    ) -> Self:
        """With the sign-in that ``slack-audit-input login`` has kept in a file.

        Its tokens are refreshed there, also while a long stretch is read; a refresh that fails
        is a warning, as long as the token is good. ``settings``: as for the class. Raises
        ConfigError when nobody has signed in, StoreError when the file is damaged.
        """
        from slack_audit_input.stores.credentials_file import CredentialsFile

        store = CredentialsFile(Path(credentials))
        store.check_writable()
        reach = Settings(
            settings.get("api_url", API_URL),
            settings.get("proxy", ""),
            settings.get("ca_file", ""),
            agent=f"slack-audit-input/{__version__}",
        )
        url = url_of_web_api(reach.api_url, web_api_url)
        source = Rotation(
            store, refresher(reach, url), wall=time.time, chance=random.random, tell=_tell
        )
        return cls(source, **settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def events(
        self,
        oldest: str | float,
        latest: str | float | None = None,
        *,
        action: str | Sequence[str] = (),
        exclude_action: str | Sequence[str] = (),
        actor: str = "",
        entity: str = "",
    ) -> Iterator[dict[str, Any]]:
        """Slack's entries from ``latest`` back to ``oldest``, newest first, each once.

        Times are unix seconds, ``"2026-11-01T12:00:00Z"`` or ``"-7d"``; ``latest`` None, or in
        the future, is now, by Slack's clock. ``action`` and ``exclude_action``: one name, several
        with commas between, or a list; a name that Slack does not know is left out with a
        warning. All pages are read, faults and dead cursors are seen to.

        An entry that is no object comes as ``{"entry": …}``; in one that is nested too deeply
        for Python, what lies below the fourth level is None. A wrong argument raises
        ConfigError here, a missing token AuthError, and everything else comes up on the way.
        """
        if self._client is None:
            raise AuthError("AuditLogs needs a token to read events; only the catalogue needs none")
        filters = Filters(_names(action), _names(exclude_action), actor, entity)
        self._span(oldest, latest, self._time.wall())
        return self._read(self._client, oldest, latest, filters)

    def actions(self) -> dict[str, list[str]]:
        """Slack's own list of action names, by category."""
        found = self._document("actions", dict)
        return {
            category: [name for name in names if isinstance(name, str)]
            for category, names in found.items()
            if isinstance(names, list)
        }

    def schemas(self) -> list[dict[str, Any]]:
        """Slack's own description of the kinds of entities."""
        return list(self._document("schemas", list))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
        self._open.close()

    def _read(
        self, client: Client, oldest: str | float, latest: str | float | None, filters: Filters
    ) -> Iterator[dict[str, Any]]:
        if not self._slack_clock.heard:
            self._document("actions", dict)  # for the Date of its answer
        now = self._slack_clock.exact(self._time.monotonic())
        first, last = self._span(oldest, latest, now)
        walk = self._walk(client, filters)
        told = 0
        for step in walk.steps(first, min(last, int(now) - BEHIND)):
            if len(walk.refused) > told:
                names = ", ".join(walk.refused[told:])
                told = len(walk.refused)
                warnings.warn(f"left out, as Slack does not know them: {names}", stacklevel=2)
            for _, _, text in step.events:
                yield _entry(text)

    def _span(self, oldest: str | float, latest: str | float | None, now: float) -> tuple[int, int]:
        first = _second(oldest, now, "oldest")
        last = int(now) if latest is None else _second(latest, now, "latest")
        if latest is not None and first > last:
            raise ConfigError(f"oldest {oldest!r} lies after latest {latest!r}")
        return first, last

    def _walk(self, client: Client, filters: Filters | None = None) -> Walk:
        return Walk(
            client,
            self._budget,
            self._time,
            self._time.sleep,
            filters=filters,
            limit=self._page_size,
            give_up_after=self._give_up_after,
        )

    def _document(self, name: str, shape: type) -> Any:
        """What /actions or /schemas holds under its own name."""

        def ask() -> tuple[Answer, Any]:
            answer = self._open.get(name, {})
            self._slack_clock.observe(answer.date, self._time.monotonic())
            document = document_of(answer)
            if isinstance(document, dict) and document.get("ok") is False:
                raise_not_ok(document, answer.body, False)
            return answer, document

        answer, document = self._walk(self._open).patiently(ask)
        found = document.get(name) if isinstance(document, dict) else None
        if not isinstance(found, shape):
            raise ProtocolError(
                f"Slack's answer to /{name} is of another shape: is api_url right?",
                answer.body[:65536],
            )
        return found


def _tell(level: str, action: str, **fields: object) -> None:
    """What a script's owner should know of a refresh."""
    if level in ("warning", "error"):
        warnings.warn(f"{action}: {fields.get('reason', '')}", stacklevel=2)


def _second(moment: str | float, now: float, name: str) -> int:
    if isinstance(moment, str):
        return second_of(moment, now, name)
    if not 0 <= moment < MOMENT_MOST:  # also NaN
        raise ConfigError(f"{name} {moment!r} is no time in unix seconds")
    return int(moment)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    several = (names,) if isinstance(names, str) else names
    found = (name.strip() for part in several for name in part.split(","))
    return tuple(dict.fromkeys(name for name in found if name))


def _entry(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        found = scan_hard(text, 0)[0]
    return found if isinstance(found, dict) else {"entry": found}
