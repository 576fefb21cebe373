# SPDX-License-Identifier: Apache-2.0
"""The emulated Slack of a soak: the emulator's command, by the fast clock; and its truth."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.children import Emulator, environment
from tests.soak.clock import FastClock
from tests.soak.plan import CURSOR_LIVES, LIMIT, OTHERS, SHORT_PAGES

TOP = Path(__file__).parents[2]
#: Seconds for which a spent refresh token is taken again. How long Slack takes it is not known.
GRACE = 600
#: Hours of history that there are when the day begins: the collector's first backlog.
HISTORY_HOURS = 6
COMMAND = str(Path(sys.executable).with_name("slack-audit-input"))


class Shown(NamedTuple):
    """One entry of the truth: its id and second, and from when on Slack shows it."""

    id: str
    second: int
    visible_at: float


#: The emulator's own.
CLIENT_ID, CLIENT_SECRET = "1111111111.2222222222", "emulated-client-secret"


class SignIn(NamedTuple):
    """What a sign-in brings: a pair of tokens, and for how many seconds the first is good."""

    access: str
    refresh: str
    issued: float
    life: float


class Slack(Emulator):
    """The running emulator. ``clock``: the one that it lives by. ``a_day``: events, as a rule.

    ``faults``: what meets a share of all calls, as a rule.
    """

    def __init__(
        self, told: dict[str, str], clock: FastClock, a_day: float, faults: Sequence[str]
    ) -> None:
        super().__init__(told, int(clock.now()))
        self.a_day = a_day
        self.faults = faults
        self._clock = clock

    def sign_in(self) -> SignIn:
        """Sign in to the app, as somebody would on the consent page."""
        given = self.control("tokens", "POST", {})
        life = float(given["expires_in"])
        return SignIn(given["access_token"], given["refresh_token"], self._clock.now(), life)

    def revoke(self) -> None:
        """All sign-ins so far end."""
        self.control("tokens", "DELETE")

    def change(self, **settings: Any) -> None:
        """Change options of the emulator."""
        self.control("settings", "POST", settings)

    def plan_faults(self, faults: Sequence[str]) -> None:
        """These faults instead of those before."""
        self.control("faults", "PUT", list(faults))

    def step_clock(self, seconds: float) -> None:
        """Move Slack's clock."""
        self.control("clock", "POST", {"step": seconds})

    def burst(self, count: int, seconds: int) -> None:
        """So many events in the next ``seconds``."""
        self.control("bursts", "POST", {"count": count, "seconds": seconds})

    def ends(self, second: int) -> None:
        """No events from this second on."""
        self.control("rate", "POST", {"events_per_second": 0, "from": second})

    def truth(self, oldest: int, latest: int) -> list[Shown]:
        """All entries of these seconds, whether or not they are visible yet."""
        path = f"/control/truth?oldest={oldest}&latest={latest}&visible=0"
        with self.open("GET", path) as answer:
            return [Shown(**json.loads(row)) for row in answer]


@contextmanager
def slack(
    clock: FastClock,
    seed: int,
    *,
    a_day: float,
    late: Sequence[str],
    bursts: Sequence[str],
    faults: Sequence[str],
    token_life: float,
) -> Iterator[Slack]:
    """An emulated Slack that lives by ``clock``."""
    options: list[object] = ["--seed", seed, "--events-per-day", a_day]
    options += ["--history-days", HISTORY_HOURS / 24, "--cursor-lifetime", CURSOR_LIVES]
    options += ["--calls-per-minute", LIMIT, "--other-calls-per-minute", OTHERS]
    # A start alone takes half a minute of the fast clock's, which is not what a grace is for.
    options += ["--token-life", token_life, "--refresh-grace", GRACE]
    options += ["--short-pages", SHORT_PAGES, "--answer-time", "0.1-1.5"]
    for name, values in (("late", late), ("burst", bursts), ("fault", faults)):
        for value in values:
            options += [f"--{name}", value]
    process = subprocess.Popen(
        [COMMAND, "emulator", *map(str, options)],
        env={**environment(), **clock.environment()},
        cwd=TOP,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline() or "{}")
        yield Slack(told, clock, a_day, faults)
    finally:
        process.kill()
        process.communicate()
