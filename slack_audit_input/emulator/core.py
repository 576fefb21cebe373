# SPDX-License-Identifier: Apache-2.0
"""The emulator without a network: a request and the time go in, an answer comes out.

Nothing here reads a clock or sleeps. Threads may share it.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from slack_audit_input.emulator import (
    actions,
    consent,
    cursor,
    damage,
    query,
    replay,
    schemas,
    webapi,
)
from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.emulator.answers import (
    FORBIDDEN,
    GLITCH,
    HTML,
    Answer,
    answer,
    dated,
    error,
    rate_limited,
)
from slack_audit_input.emulator.counters import Counters
from slack_audit_input.emulator.faults import Fault, FaultPlan
from slack_audit_input.emulator.grants import Given, Grants
from slack_audit_input.emulator.options import CHANGEABLE, EmulatorOptions
from slack_audit_input.emulator.organization import Organization
from slack_audit_input.emulator.pages import Place, read_page
from slack_audit_input.emulator.ratelimit import Bucket
from slack_audit_input.emulator.truth import Summary, TruthRow, summary, truth
from slack_audit_input.emulator.volume import DAY

_ENDS = {
    "empty": ',"response_metadata":{"next_cursor":""}',
    "null": ',"response_metadata":{"next_cursor":null}',
    "missing": ',"response_metadata":{}',
    "no_metadata": "",
}


class Emulator:
    """Slack's Audit Logs API for one organization."""

    def __init__(self, options: EmulatorOptions, started: float) -> None:
        """The API of the organization that `options` describe, started at unix time `started`.

        Raises OSError and ValueError for files to replay that cannot be used.
        """
        self.options = options
        self.started = started
        self.counters = Counters()
        self.faults = FaultPlan(options.seed, options.faults)
        self.grants = Grants(options.seed)
        self._bucket = _bucket(options)
        self._calls = 0
        self._lock = threading.RLock()
        synthetic = options.synthetic if options.synthetic is not None else not options.replay
        self.organization = Organization(
            options.seed,
            int(started - options.history_days * DAY),
            a_day=options.events_per_day,
            lateness=options.lateness,
            bursts=options.bursts,
            synthetic=synthetic,
        )
        if options.live_rate is not None:
            begin = int(started) + 1 if options.live_from is None else options.live_from
            self.organization.set_rate(options.live_rate, begin)
        self.replayed = replay.load(
            options.replay, started, shift=options.replay_shift, undated_at=options.undated_at
        )
        self.organization.add(self.replayed.rows)
        self._known = actions.names() | {row.traits.action for row in self.replayed.rows}

    def serve(
        self,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        now: float,
        *,
        path: str = "/audit/v1/logs",
        method: str = "GET",
        body: bytes = b"",
    ) -> Answer:
        """The answer to one request at unix time `now`: (status, headers, body, ...).

        `params`: of the query, decoded; `headers`: names in any case; `body`: a form, for what
        takes one. The answer's body is never compressed here.
        """
        with self._lock:
            endpoint = _endpoint(path)
            if endpoint in webapi.METHODS:
                given = webapi.call(endpoint, headers, body, now, self.options, self.grants)
            elif endpoint == "authorize":
                given = consent.consent(method, params, body, now, self.options, self.grants)
            else:
                given = self._answer(endpoint, params, headers, now, method)
            self.counters.call(endpoint, given.status, now, dict(params))
        return dated(given, now)

    def change(self, **settings: Any) -> None:
        """Change options while running: those in CHANGEABLE. Raises ValueError for others."""
        unknown = sorted(set(settings) - CHANGEABLE)
        if unknown:
            raise ValueError(f"cannot be changed while running: {', '.join(unknown)}")
        with self._lock:
            self.options = dataclasses.replace(self.options, **settings)
            if not {"calls_per_minute", "calls_at_once", "other_calls_per_minute"}.isdisjoint(
                settings
            ):
                self._bucket = _bucket(self.options)
            if "faults" in settings:
                self.faults.faults = self.options.faults

    def sign_in(self, scopes: str, now: float) -> Given:
        """A grant as if somebody had signed in."""
        with self._lock:
            return self.grants.issue(scopes, now, webapi.lives_of(self.options))

    def revoke_tokens(self) -> None:
        """All grants end."""
        with self._lock:
            self.grants.revoke_all()

    def good_tokens(self, now: float) -> list[str]:
        """The granted access tokens that are good."""
        with self._lock:
            return self.grants.good(now)

    def truth(self, oldest: int, latest: int, now: float | None = None) -> Iterator[TruthRow]:
        """Every entry of these seconds, both included, newest second first.

        `now`: only those visible by then; None: also those that are not yet.
        """
        return truth(self.organization, oldest, latest, now)

    def summary(self, oldest: int, latest: int, now: float | None = None) -> Summary:
        """How many entries these seconds have, and a digest of their ids."""
        return summary(self.truth(oldest, latest, now))

    def _answer(
        self,
        endpoint: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        now: float,
        method: str,
    ) -> Answer:
        if endpoint == "wrong_host":
            return answer(200, GLITCH, HTML)
        if endpoint == "unknown":
            return error(404, "bad_endpoint")
        if method != "GET":
            return error(405, "method_not_allowed")
        if endpoint != "logs":
            return answer(200, schemas.schemas() if endpoint == "schemas" else schemas.actions())
        return self._refused(headers, now) or self._logs(params, now)

    def _logs(self, params: Mapping[str, str], now: float) -> Answer:
        """The answer to a call with a good token."""
        wait = self._bucket.take(now)
        if wait is not None:
            return rate_limited(str(wait))
        self._calls += 1
        fault = self.faults.choose(self._calls)
        if fault is not None:
            self.counters.fault(fault.kind)
            instead = damage.instead(fault)
            if instead is not None:
                return instead
        try:
            return self._page(params, now, fault)
        except query.Refusal as refusal:
            return error(400, str(refusal), self.options.error_codes)

    def _refused(self, headers: Mapping[str, str], now: float) -> Answer | None:
        """The answer to a token that is not good."""
        given = next((v for k, v in headers.items() if k.lower() == "authorization"), "")
        scheme, _, token = given.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return error(401, "missing_authentication")
        code = self.options.refuse_with
        if not code and token.startswith("xoxp-error-"):
            code = token[len("xoxp-error-") :]
        elif not code:
            code = self._trouble(token, now)
        if not code:
            return None
        if self.options.bare_refusals:
            return answer(401)
        return error(403 if code in FORBIDDEN else 401, code)

    def _trouble(self, token: str, now: float) -> str:
        """The code with which /logs refuses a token, "" for it does not."""
        trouble = self.grants.trouble(token, now)
        if trouble is None and token not in (self.options.token, *self.options.more_tokens):
            return "invalid_authentication"
        if not trouble and "auditlogs:read" not in (self.grants.scopes(token) or "auditlogs:read"):
            trouble = "missing_scope"
        return trouble or ACCOUNTS[self.options.account].logs

    def _page(self, params: Mapping[str, str], now: float, fault: Fault | None) -> Answer:
        options = self.options
        asked = query.parse(
            params,
            now,
            self._known - options.refused_actions,
            seed=options.seed,
            lifetime=options.cursor_lifetime,
        )
        chance = random.Random(f"{options.seed}|page|{self._calls}")
        limit = asked.limit
        if options.short_pages and chance.random() < options.short_pages:
            limit = chance.randint(1, limit)
        asked = dataclasses.replace(asked, limit=limit)
        page = read_page(self.organization, asked, now, options.split_seconds)
        # The cursor to a page's own place is only needed for faults.
        itself = self._cursor(page.top, now) if fault is not None else ""
        following = self._cursor(page.following, now) if page.following is not None else None
        out = damage.Envelope(page.texts, itself, following)
        if fault is not None:
            out = damage.page(fault, out, chance)
        self.counters.page(len(out.texts) - out.extras, query.limit_of(params))
        self.counters.extras += out.extras
        if out.following is None:
            end = _ENDS[options.last_cursor]
        else:
            end = f',"response_metadata":{{"next_cursor":"{out.following}"}}'
        body = _body(out.texts, end)
        given = answer(200, body)._replace(delay=options.answer_time.at(chance.random()))
        return given if fault is None else damage.sending(fault, given)

    def _cursor(self, place: Place, now: float) -> str:
        return cursor.write(place, now, self.options.seed)


def _body(texts: list[str], end: str) -> bytes:
    """The whole answer, joined in one go: a page is 8 MB, and each copy of it takes its time."""
    if not texts:
        return f'{{"entries":[]{end}}}'.encode("latin-1")
    parts = [*texts]
    parts[0] = '{"entries":[' + parts[0]
    parts[-1] = f"{parts[-1]}]{end}}}"
    # A character stands for a byte, so that replayed bytes come through whatever they are.
    return ",".join(parts).encode("latin-1")


def _bucket(options: EmulatorOptions) -> Bucket:
    return Bucket(options.calls_per_minute, options.calls_at_once, options.other_calls_per_minute)


def _endpoint(path: str) -> str:
    """Which endpoint a path is: a name of the Audit Logs API's or of webapi.METHODS, authorize.

    Else wrong_host or unknown.
    """
    parts = [part for part in path.split("/") if part]
    if len(parts) == 2 and parts[0] == "api" and parts[1] in webapi.METHODS:
        return parts[1]
    if path.rstrip("/") == consent.PATH:
        return "authorize"
    if parts[:1] == ["api"]:
        # Seen live: the Web API's host and path give a page of HTML.
        return "wrong_host"
    if len(parts) == 3 and parts[:2] == ["audit", "v1"]:
        return parts[2] if parts[2] in ("logs", "schemas", "actions") else "unknown"
    return "unknown"
