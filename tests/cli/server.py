# SPDX-License-Identifier: Apache-2.0
"""Slack on loopback for the command: the model of Slack behind HTTP, by this machine's clock."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from slack_audit_input.slack.client import Answer
from tests.fakes.http import Broken, serving
from tests.fakes.slack import FakeSlack, entry

#: Events end so long ago that a live reading never meets them half shown.
SETTLED = 60


class Slack(NamedTuple):
    """``url`` for --api-url; ``slack`` may be added to while it is read; ``trouble`` spoils."""

    url: str
    slack: FakeSlack
    trouble: Trouble

    def add(self, second: int, count: int, first: int) -> None:
        """``count`` more events in one second, numbered from ``first``."""
        for number in range(first, first + count):
            self.slack.add(entry(second, 0.0, number))

    def ids(self) -> list[str]:
        """The ids of all that Slack has, sorted."""
        return sorted(e.id for e in self.slack.entries)

    def seconds(self) -> dict[str, int]:
        """When each happened."""
        return {e.id: e.second for e in self.slack.entries}


class Trouble:
    """What to answer to calls of /logs instead, and how slowly; nothing at first."""

    def __init__(self) -> None:
        self.answer: Callable[[Answer], Answer | Broken] = lambda answer: answer
        self.delay = 0.0

    def always(self, status: int, body: bytes = b"", code: str = "") -> None:
        """Answer every call so."""
        body = json.dumps({"ok": False, "error": code}).encode() if code else body
        self.answer = lambda _answer: Answer(status, body)

    def over(self) -> None:
        """No more of it."""
        self.answer = lambda answer: answer
        self.delay = 0.0

    def __call__(self, _number: int, answer: Answer) -> Answer | Broken:
        """Spoil one answer."""
        until = time.monotonic() + self.delay
        while self.delay and time.monotonic() < until:
            time.sleep(min(self.delay, 0.02))
        return self.answer(answer)


def history(count: int, stretch: int, until: int | None = None) -> FakeSlack:
    """``count`` events, evenly over ``stretch`` seconds up to ``until`` (a minute ago)."""
    last = int(time.time()) - SETTLED if until is None else until
    seconds = [last - stretch * n // max(1, count) for n in range(count)]
    return FakeSlack([entry(second, 0.0, n) for n, second in enumerate(seconds)])


@contextlib.contextmanager
def slack_with(fake: FakeSlack) -> Iterator[Slack]:
    """Serve it."""
    trouble = Trouble()
    with serving(fake, time.time, trouble) as shell:
        yield Slack(shell.url, fake, trouble)
