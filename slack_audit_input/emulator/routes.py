# SPDX-License-Identifier: Apache-2.0
"""The control endpoint: which request under /control/ does what.

No network here: a request goes in as method, name, parameters and body; JSON comes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slack_audit_input.emulator.control import Control
from slack_audit_input.emulator.faults import KINDS, Fault
from slack_audit_input.emulator.spread import Spread
from slack_audit_input.emulator.truth import TruthRow

Given = Mapping[str, Any]
HELP = {
    "GET /control/": "this list",
    "GET /control/clock": "now, frozen, offset from the machine's time",
    "POST /control/clock": "any of set (unix seconds), step (seconds), frozen (true or false)",
    "GET /control/faults": "faults planned, faults for once, and all kinds",
    "PUT /control/faults": "plan other ones: a list of texts (KIND=RATE) or of objects",
    "POST /control/faults": "the next count calls: kind, value, count",
    "DELETE /control/faults": "no faults any more",
    "GET /control/truth": "NDJSON, newest first: id, second, visible_at; parameters oldest, "
    "latest, visible (0: also what is not visible yet)",
    "GET /control/truth/summary": "count, digest, without_id, oldest, newest; same parameters",
    "GET /control/counters": "calls, statuses, faults, pages, entries, page fill, calls a minute",
    "DELETE /control/counters": "count from zero",
    "GET /control/calls": "the last thousand calls",
    "GET /control/tokens": "tokens that are good",
    "POST /control/tokens": "sign in: access_token, refresh_token, expires_in; scopes",
    "DELETE /control/tokens": "end all that were given so",
    "GET /control/settings": "options that can be changed now",
    "POST /control/settings": "change them, by name",
    "POST /control/rate": "events_per_second (null: the working week), from (unix seconds)",
    "POST /control/bursts": "count, seconds, start (unix seconds)",
    "POST /control/events": "make count entries, or add entries (a list); second, visible_at",
}


class BadRequest(ValueError):
    """A request that makes no sense, in words for a person."""


class Routes:
    """Answers requests to the control endpoint."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._routes: dict[str, Callable[[Given], Any]] = {
            "GET ": lambda _: HELP,
            "GET clock": lambda _: control.clock.state(),
            "POST clock": self._clock,
            "GET faults": lambda _: self._faults(),
            "PUT faults": self._set_faults,
            "POST faults": self._fault_once,
            "DELETE faults": self._clear_faults,
            "GET truth/summary": lambda given: vars(control.summary(**_stretch(given))),
            "GET counters": lambda _: control.counters(),
            "DELETE counters": self._reset_counters,
            "GET calls": lambda _: control.calls(),
            "GET tokens": lambda _: list(control.tokens),
            "POST tokens": self._sign_in,
            "DELETE tokens": self._revoke,
            "GET settings": lambda _: self._settings(),
            "POST settings": self._change,
            "POST rate": self._rate,
            "POST bursts": self._burst,
            "POST events": self._events,
        }

    def answer(self, method: str, name: str, params: Mapping[str, str], body: bytes) -> bytes:
        """The JSON that a request gets. `name`: the path behind /control/.

        Raises BadRequest, and LookupError for what there is not.
        """
        name = name.strip("/")
        route = self._routes.get(f"{method} {name}")
        if route is None:
            raise LookupError(f"there is no {method} /control/{name}; GET /control/ lists what is")
        try:
            given = json.loads(body) if body.strip() else dict(params)
            if not isinstance(given, dict):
                given = {"list": given}
            return json.dumps(route(given)).encode() + b"\n"
        except BadRequest:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise BadRequest(f"{type(error).__name__}: {error}") from error

    def truth(self, params: Mapping[str, str]) -> Iterator[bytes]:
        """The truth as lines of JSON, many in each part. Raises BadRequest."""
        try:
            rows = self._control.truth(**_stretch(params))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        return _lines(rows)

    def _clock(self, given: Given) -> Any:
        clock = self._control.clock
        _only(given, "set", "step", "frozen")
        if "frozen" in given:
            clock.freeze(bool(given["frozen"]))
        if "set" in given:
            clock.set(float(given["set"]))
        if "step" in given:
            clock.step(float(given["step"]))
        return clock.state()

    def _faults(self) -> Any:
        plan = self._control.emulator.faults
        rows = [[vars(fault) for fault in faults] for faults in (plan.faults, plan.pending)]
        return {"planned": rows[0], "once": rows[1], "kinds": KINDS}

    def _set_faults(self, given: Given) -> Any:
        self._control.set_faults(*(_fault(row) for row in given["list"]))
        return self._faults()

    def _fault_once(self, given: Given) -> Any:
        _only(given, "kind", "value", "count")
        value, count = str(given.get("value", "")), int(given.get("count", 1))
        self._control.fault_once(given["kind"], value, count)
        return self._faults()

    def _clear_faults(self, _: Given) -> Any:
        self._control.clear_faults()
        return self._faults()

    def _reset_counters(self, _: Given) -> Any:
        self._control.reset_counters()
        return self._control.counters()

    def _settings(self) -> Any:
        options = self._control.emulator.options
        spread = options.answer_time
        return {
            "account": options.account,
            "active_tokens": options.active_tokens,
            "answer_time": f"{spread.least}-{spread.most}{':heavy' if spread.heavy else ''}",
            "bare_refusals": options.bare_refusals,
            "calls_at_once": options.calls_at_once,
            "calls_per_minute": options.calls_per_minute,
            "client_id": options.client_id,
            "client_secret": options.client_secret,
            "cursor_lifetime": options.cursor_lifetime,
            "error_codes": options.error_codes,
            "gzip": options.gzip,
            "last_cursor": options.last_cursor,
            "more_tokens": list(options.more_tokens),
            "other_calls_per_minute": options.other_calls_per_minute,
            "public_client": options.public_client,
            "redirect_urls": list(options.redirect_urls),
            "refresh_grace": options.refresh_grace,
            "refuse_with": options.refuse_with,
            "refused_actions": sorted(options.refused_actions),
            "short_pages": options.short_pages,
            "split_seconds": options.split_seconds,
            "token": options.token,
            "token_life": options.token_life,
            "token_rotation": options.token_rotation,
        }

    def _sign_in(self, given: Given) -> Any:
        _only(given, "scopes")
        granted = self._control.sign_in(**given)
        return {
            "access_token": granted.access,
            "refresh_token": granted.refresh,
            "expires_in": granted.life,
        }

    def _revoke(self, _: Given) -> Any:
        self._control.revoke_tokens()
        return {"ok": True}

    def _change(self, given: Given) -> Any:
        settings = dict(given)
        if "answer_time" in settings:
            settings["answer_time"] = Spread.parse(str(settings["answer_time"]))
        if "faults" in settings:
            settings["faults"] = tuple(_fault(row) for row in settings["faults"])
        for name in ("more_tokens", "redirect_urls"):
            if name in settings:
                settings[name] = tuple(settings[name])
        if "refused_actions" in settings:
            settings["refused_actions"] = frozenset(settings["refused_actions"])
        self._control.change(**settings)
        return self._settings()

    def _rate(self, given: Given) -> Any:
        _only(given, "events_per_second", "from")
        rate, begin = given["events_per_second"], given.get("from")
        self._control.set_rate(
            None if rate is None else float(rate), None if begin is None else int(begin)
        )
        return {"ok": True}

    def _burst(self, given: Given) -> Any:
        _only(given, "count", "seconds", "start")
        start = given.get("start")
        self._control.add_burst(
            int(given["count"]),
            int(given.get("seconds", 1)),
            None if start is None else int(start),
        )
        return {"ok": True}

    def _events(self, given: Given) -> Any:
        _only(given, "count", "entries", "second", "visible_at")
        second, at = given.get("second"), given.get("visible_at")
        when = (None if second is None else int(second), None if at is None else float(at))
        if "entries" in given:
            self._control.add_entries(given["entries"], *when)
            return {"added": len(given["entries"])}
        return {"ids": self._control.add_events(int(given.get("count", 1)), *when)}


def _stretch(params: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: int(params[key]) for key in ("oldest", "latest") if key in params}
    if "visible" in params:
        found["visible"] = str(params["visible"]).lower() not in ("0", "false", "no")
    return found


def _only(given: Given, *names: str) -> None:
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise BadRequest(f"unknown: {', '.join(unknown)}; there is: {', '.join(names)}")


def _fault(row: Any) -> Fault:
    if isinstance(row, str):
        return Fault.parse(row)
    return Fault(**{**row, "calls": tuple(row.get("calls", ()))})


def _lines(rows: Iterator[TruthRow]) -> Iterator[bytes]:
    part: list[str] = []
    for row in rows:
        part.append(json.dumps(row._asdict(), separators=(",", ":")) + "\n")
        if len(part) == 1000:
            yield "".join(part).encode()
            part.clear()
    if part:
        yield "".join(part).encode()
