# SPDX-License-Identifier: Apache-2.0
"""What tests and people do to a running emulator: clock, faults, traffic, truth, counters.

The same methods serve a test in-process and the HTTP endpoint under /control/.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from slack_audit_input.emulator import replay
from slack_audit_input.emulator.blocks import SyntheticBlock
from slack_audit_input.emulator.clock import Clock
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.emulator.faults import Fault
from slack_audit_input.emulator.grants import Given
from slack_audit_input.emulator.organization import Row
from slack_audit_input.emulator.streams import Burst
from slack_audit_input.emulator.truth import Summary, TruthRow


class Control:
    """The controls of one emulator. Times are unix seconds by its clock, `clock`."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        self.emulator = emulator
        self.clock = clock
        self._added = 0

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens that are good at the moment."""
        options = self.emulator.options
        return (options.token, *options.more_tokens, *self.emulator.good_tokens(self.clock.now()))

    def sign_in(self, scopes: str = "identify,auditlogs:read") -> Given:
        """A grant as if somebody had signed in on the consent page."""
        return self.emulator.sign_in(scopes, self.clock.now())

    def revoke_tokens(self) -> None:
        """All grants end, as if the app was removed."""
        self.emulator.revoke_tokens()

    def change(self, **settings: Any) -> None:
        """Change options while running: those in options.CHANGEABLE. Raises ValueError."""
        self.emulator.change(**settings)

    def set_faults(self, *faults: Fault) -> None:
        """Plan these faults instead of those planned so far."""
        self.emulator.change(faults=faults)

    def fault_once(self, kind: str, value: str = "", count: int = 1) -> None:
        """The next `count` calls of /logs get this fault."""
        self.emulator.faults.once(Fault(kind, value=value), count)

    def clear_faults(self) -> None:
        """No faults any more, not even those for once."""
        self.emulator.change(faults=())
        self.emulator.faults.clear()

    def truth(
        self, oldest: int = 0, latest: int | None = None, *, visible: bool = True
    ) -> Iterator[TruthRow]:
        """Every entry from `oldest` to `latest` (now by default), newest second first.

        `visible` False: also those that will only appear later.
        """
        now = self.clock.now()
        return self.emulator.truth(
            oldest, math.floor(now) if latest is None else latest, now if visible else None
        )

    def summary(
        self, oldest: int = 0, latest: int | None = None, *, visible: bool = True
    ) -> Summary:
        """Count and digest of what `truth` gives."""
        now = self.clock.now()
        return self.emulator.summary(
            oldest, math.floor(now) if latest is None else latest, now if visible else None
        )

    def counters(self) -> dict[str, Any]:
        """What was counted, and what replayed files held."""
        replayed = self.emulator.replayed
        return {
            **self.emulator.counters.state(),
            "grants": dict(self.emulator.grants.counts),
            "replayed": len(replayed.rows),
            "undated": replayed.undated,
            "undated_second": replayed.undated_second,
        }

    def calls(self) -> list[dict[str, Any]]:
        """The last thousand calls: when, endpoint, status, parameters."""
        return self.emulator.counters.last_calls()

    def reset_counters(self) -> None:
        """Count from zero."""
        self.emulator.counters.reset()

    def set_rate(self, rate: float | None, begin: int | None = None) -> None:
        """From `begin` on (the next second by default), `rate` entries a second.

        None is the working week again.
        """
        at = math.floor(self.clock.now()) + 1 if begin is None else begin
        self.emulator.organization.set_rate(rate, at)

    def add_burst(self, count: int, seconds: int = 1, start: int | None = None) -> None:
        """`count` more entries in the `seconds` from `start` (the next second by default)."""
        at = math.floor(self.clock.now()) + 1 if start is None else start
        self.emulator.organization.add_burst(Burst(at, seconds, count))

    def add_events(
        self, count: int = 1, second: int | None = None, visible_at: float | None = None
    ) -> list[str]:
        """Make `count` entries of one second (this one), visible at a moment (now). Their ids."""
        organization = self.emulator.organization
        now = self.clock.now()
        second = math.floor(now) if second is None else second
        at = now if visible_at is None else visible_at
        key = f"{self.emulator.options.seed}|added|{self._added}"
        self._added += 1
        block = SyntheticBlock(
            organization.content, key, second, 1, count, (second, second + 1), ()
        )
        ids = [str(name) for name in block.ids()]
        traits = map(block.traits, range(count))
        shown = max(at, second)
        organization.add(Row(second, shown, *row) for row in zip(ids, block.texts(), traits))
        return ids

    def add_entries(
        self, entries: Sequence[Any], second: int | None = None, visible_at: float | None = None
    ) -> None:
        """Add entries as given: JSON text (served as it is) or values.

        `second`: where they stand, by default their `date_create`, else this second;
        `visible_at`: by default now. Raises ValueError for text that is not JSON.
        """
        now = self.clock.now()
        rows = []
        for entry in entries:
            text = entry if isinstance(entry, str) else json.dumps(entry, separators=(",", ":"))
            value = json.loads(text)
            at = replay.second_of(value) if second is None else second
            at = math.floor(now) if at is None else at
            name = value.get("id") if isinstance(value, dict) else None
            shown = max(now if visible_at is None else visible_at, at)
            raw = text.encode("utf-8", "surrogatepass").decode("latin-1")
            name = name if isinstance(name, str) and name else None
            rows.append(Row(at, shown, name, raw, replay.traits(value)))
        self.emulator.organization.add(rows)
