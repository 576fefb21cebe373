# SPDX-License-Identifier: Apache-2.0
"""Rotations with kills between the steps: is anybody ever locked out?

    python -m tests.tokens.rotations --count 500

Each rotation is made by real processes against the emulator over HTTP, on a real file. In most of
them one is killed by SIGKILL at a step of the refresh, or at a random moment; in some a second
process refreshes at the same time; in some the store has no lock, as Splunk's has none. Then
another process starts within the grace and must read the audit log with a refreshed pair. A lockout
is a start that cannot; the exit code is 1 if there was one.

`--plant` puts in a mistake, to see that it is caught. `--late` starts again only when the grace is
over: then a kill between Slack's answer and the last byte of the file does lock out. Time is the
emulator's: nothing sleeps.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from slack_audit_input.model.errors import CollectorError
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.credentials import App, Credentials, Pair, credentials_in
from slack_audit_input.slack.oauth import Grant, refresher
from slack_audit_input.slack.rotation import Rotation
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token
from slack_audit_input.stores.credentials_file import CredentialsFile

#: Seconds of the emulator's that a spent refresh token is taken again. Slack's are not known.
GRACE = 60.0
HOUR = 3600.0
#: Where a process is killed. The writes are three: that a refresh begins, the new pair, and that
#: the new pair has proven itself.
STEPS = (
    "begin: half written",
    "begin: not renamed",
    "begin: written",
    "before the request",
    "after the answer",
    "pair: half written",
    "pair: not renamed",
    "pair: written",
    "after the first use",
    "proof: half written",
    "proof: not renamed",
    "proof: written",
    "hours later",
    "any moment",
    "never",
)
PLANTS = ("used-before-kept", "old-one-forgotten", "written-in-place")
#: How a process says that it was refused for good; else how it failed.
LOCKED_OUT, FAILED = 3, 4


class Plan(NamedTuple):
    """One rotation. ``pause``: seconds between the kill and the next start, within the grace."""

    step: str
    two: bool
    lockless: bool
    after: float
    moment: float
    pause: float


class Slack:
    """The emulator in a process of its own, its clock standing still but for us."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "slack_audit_input.emulator", "--frozen"),
                *("--calls-per-minute", "0", "--events-per-day", "500", "--history-days", "1"),
                *("--refresh-grace", str(GRACE)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.base_url = str(told["base_url"])
        self._control = urlsplit(told["control_url"])
        self.now = float(self.ask("GET", "clock")["now"])

    def ask(self, method: str, name: str, body: object = None) -> Any:
        assert self._control.hostname is not None
        connection = http.client.HTTPConnection(self._control.hostname, self._control.port)
        connection.request(method, f"/control/{name}", None if body is None else json.dumps(body))
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def step(self, seconds: float) -> None:
        self.now = float(self.ask("POST", "clock", {"step": seconds})["now"])

    def sign_in(self) -> Credentials:
        given = self.ask("POST", "tokens", {})
        pair = Pair(
            Token(given["access_token"]),
            Token(given["refresh_token"]),
            self.now,
            self.now + given["expires_in"],
        )
        return Credentials(App("1111111111.2222222222", Token("emulated-client-secret")), pair)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class File(CredentialsFile):
    """The real store, which dies at a step. ``lockless``: its lock keeps nobody off."""

    def __init__(self, path: Path, die_at: str, lockless: bool, plant: str) -> None:
        super().__init__(path)
        self.exclusive = not lockless
        self._die_at = die_at
        self._plant = plant
        self._name = ""

    def write(self, text: str, instead_of: str | None) -> bool:
        found = json.loads(text)
        self._name = "begin" if found["begun"] else "pair" if found["previous"] else "proof"
        if self._plant == "old-one-forgotten" and self._name == "begin":
            found["tokens"]["refresh"] = found["previous"] = None
            text = json.dumps(found)
        if self._plant == "written-in-place":
            if self.read() != instead_of:
                return False
            with self._path.open("w") as file:
                file.write(text[: len(text) // 2])
                file.flush()
                self.at("half written")
                file.write(text[len(text) // 2 :])
            return True
        written = super().write(text, instead_of)
        self.at("written")
        return written

    @contextlib.contextmanager
    def lock(self, patience: float) -> Iterator[bool]:
        if not self.exclusive:
            yield True
            return
        with super().lock(patience) as got:
            yield got

    def at(self, what: str) -> None:
        if self._die_at == f"{self._name}: {what}":
            die()

    def _fill(self, descriptor: int, data: bytes) -> None:
        half = len(data) // 2
        os.write(descriptor, data[:half])
        self.at("half written")
        super()._fill(descriptor, data[half:])
        self.at("not renamed")


class Hasty(Rotation):
    """A mistake: uses the new pair at once, and keeps it at the end."""

    def _keep(self, following: Credentials) -> None:
        self._credentials = following
        self._due_at = (following.pair.expires_at or 0.0) - HOUR

    def used(self, token: Token) -> None:
        """Nothing yet."""

    def end(self) -> None:
        self._store.write(self._credentials.text(), self._text)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(slack: Slack, path: Path, plan: Plan, plant: str, ready: int) -> int:
    """What one process does: the token of the moment, and a page with it. Its exit code."""
    settings = Settings(slack.base_url, timeouts=(5.0, 5.0), patience=10.0)
    call = refresher(settings, slack.base_url.replace("/audit/v1/", "/api/"))

    def refresh(app: App, token: Token) -> Grant:
        if plan.step == "before the request":
            die()
        grant = call(app, token)
        if plan.step == "after the answer":
            die()
        return grant

    kind = Hasty if plant == "used-before-kept" else Rotation
    try:
        source = kind(
            File(path, plan.step, plan.lockless, plant),
            refresh,
            wall=lambda: slack.now,
            chance=lambda: 0.0,
            tell=lambda level, action, **fields: None,
        )
        # By hand, so that there is a step between the first use and what it proves.
        token = source.token()
        answer = Client(settings, token).get("logs", {"limit": 1})
        if answer.status != 200:
            answer = Client(settings, source).get("logs", {"limit": 1})
        if plan.step == "after the first use":
            die()
        source.used(token)
    except CollectorError as error:
        return error.exit_code if error.exit_code != 1 else FAILED
    if plan.step == "hours later":
        os.write(ready, b".")
        signal.pause()
    if isinstance(source, Hasty):
        source.end()
    return 0 if answer.status == 200 else LOCKED_OUT


def process(work: Callable[[], int]) -> int:
    """Start it as a process of its own; its number."""
    number = os.fork()
    if number:
        return number
    code = FAILED
    try:
        code = work()
    finally:
        os._exit(code)


def ended(number: int) -> int:
    """How a process ended: its exit code, or the negative signal."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def rotate(slack: Slack, path: Path, plan: Plan, plant: str) -> tuple[int, bool]:
    """One rotation: how the start after it ended, and whether there was a kill."""
    slack.step(plan.after)
    ready, told = os.pipe()
    victim = process(lambda: work(slack, path, plan, plant, told))
    beside = plan._replace(step="never")
    others = [process(lambda: work(slack, path, beside, plant, told))] if plan.two else []
    if plan.step == "any moment":
        time.sleep(plan.moment)
        os.kill(victim, signal.SIGKILL)
    elif plan.step == "hours later":
        if select.select([ready], [], [], 20)[0]:
            slack.step(2 * HOUR)
        os.kill(victim, signal.SIGKILL)
    killed = ended(victim) == -signal.SIGKILL
    for other in others:
        ended(other)
    os.close(ready)
    os.close(told)
    slack.step(plan.pause)
    assert not [path for path in path.parent.iterdir() if path.stat().st_mode & 0o77]
    after = ended(process(lambda: work(slack, path, beside, plant, -1)))
    return after, killed


def plan(chance: random.Random, number: int, late: bool) -> Plan:
    """Every step in its turn; the rest by chance. ``late``: starts come after the grace."""
    two = chance.random() < 0.4
    pause = chance.uniform(0.0, GRACE - 5.0)
    return Plan(
        STEPS[number % len(STEPS)],
        two,
        two and chance.random() < 0.4,
        # Due, or expired already.
        chance.choice((8.5, 9.0, 11.9, 12.5, 40.0)) * HOUR,
        chance.uniform(0.0, 0.06),
        GRACE + 5.0 + pause if late else pause,
    )


def run(count: int, seed: int, plant: str, late: bool, folder: Path) -> dict[str, Any]:
    """So many rotations. What came of them."""
    chance = random.Random(seed)
    path = folder / "credentials.json"
    slack = Slack()
    kills: Counter[str] = Counter()
    lockouts: Counter[str] = Counter()
    rotations = two = 0
    began = time.monotonic()
    try:
        path.write_text(slack.sign_in().text())
        path.chmod(0o600)
        serial = 1
        for number in range(count):
            this = plan(chance, number, late)
            code, killed = rotate(slack, path, this, plant)
            kills[this.step] += killed
            two += this.two
            # A start that reads with the old token, because it cannot refresh, only has some
            # hours left.
            kept = None if code else credentials_in(path.read_text(), "the file")
            if kept is None or kept.serial <= serial:
                lockouts[f"{this.step} ({code})"] += 1
                path.unlink(missing_ok=True)
                path.write_text(slack.sign_in().text())
                path.chmod(0o600)
                serial = 1
                continue
            rotations += 1
            serial = kept.serial
        counted = slack.ask("GET", "counters")
    finally:
        slack.stop()
    return {
        "rounds": count,
        "rotations": rotations,
        "kills": sum(kills.values()),
        "kills_by_step": {step: kills[step] for step in STEPS if step != "never"},
        "with_two_processes": two,
        "refreshes": counted["grants"]["refreshes"],
        "refreshes_in_grace": counted["grants"]["refreshes_in_grace"],
        "lockouts": sum(lockouts.values()),
        "lockouts_by_step": dict(lockouts),
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Rotations with kills between the steps.")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=PLANTS, default="", help="put in a mistake")
    parser.add_argument("--late", action="store_true", help="start again after the grace only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(given.count, given.seed, given.plant, given.late, Path(folder))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    sys.exit(1 if found["lockouts"] else 0)


if __name__ == "__main__":
    main()
