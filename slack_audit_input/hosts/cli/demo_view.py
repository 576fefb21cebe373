# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: a live picture or plain lines while it runs, the result in the end."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from rich.console import RenderableType
    from typing_extensions import Self

#: Seconds between plain lines.
PLAIN_EVERY = 3.0
#: How many of the newest events, and of the things that happened, the picture shows.
EVENTS_SHOWN = 6
NEWS_SHOWN = 7


@dataclass
class Figures:
    """How the demo is doing.

    ``backlog_s``: seconds of history never read yet, None while the collector has not committed
    anything; ``lag_s``: seconds between now and the newest one read; ``calls``: in the last
    minute. ``last``: the newest events as (time of day, action, actor).
    """

    events: int = 0
    backlog_s: int | None = None
    lag_s: int | None = None
    late: int = 0
    calls: int = 0
    trouble: int = 0
    restarts: int = 0
    last: deque[tuple[str, str, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_SHOWN))

    def rows(self) -> list[tuple[str, str]]:
        """Names and values, for people."""
        return [
            ("events", f"{self.events:,}"),
            ("backlog", _hours(self.backlog_s)),
            ("lag", "-" if self.lag_s is None else f"{self.lag_s} s"),
            ("late found", str(self.late)),
            ("calls/minute", str(self.calls)),
            ("faults met", str(self.trouble)),
            ("restarts", str(self.restarts)),
        ]


class PlainView:
    """Lines on stdout. A context manager, as LiveView is."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = self._began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def news(self, words: str) -> None:
        """Something that happened."""
        click.echo(f"{time.monotonic() - self._began:5.1f} s  {words}")

    def show(self, figures: Figures) -> None:
        """How it is now; a line, if the last one is a while ago."""
        now = time.monotonic()
        if now - self._shown < PLAIN_EVERY:
            return
        self._shown = now
        words = ", ".join(f"{name} {value}" for name, value in figures.rows())
        newest = f"; last: {figures.last[-1][1]}" if figures.last else ""
        self.news(words + newest)


class LiveView:
    """A picture that stays in its place on the terminal."""

    def __init__(self) -> None:
        from rich.live import Live

        self._began = time.monotonic()
        self._news: deque[str] = deque(maxlen=NEWS_SHOWN)
        self._figures = Figures()
        self._live = Live(get_renderable=self._picture, refresh_per_second=5)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def news(self, words: str) -> None:
        """Something that happened."""
        self._news.append(f"{time.monotonic() - self._began:5.1f} s  {words}")

    def show(self, figures: Figures) -> None:
        """How it is now."""
        self._figures = figures

    def _picture(self) -> RenderableType:
        from rich.columns import Columns
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        status = Table.grid(padding=(0, 2))
        for name, value in self._figures.rows():
            status.add_row(Text(name, style="dim"), Text(value, style="bold", justify="right"))
        events = Table.grid(padding=(0, 2))
        # The thread that draws must not meet the deque while it is being added to.
        for at, action, actor in list(self._figures.last):
            events.add_row(
                Text(at, style="dim"), Text(action, style="cyan", no_wrap=True), Text(actor)
            )
        elapsed = time.monotonic() - self._began
        return Group(
            Columns(
                [
                    Panel(status, title=f"collector, {elapsed:.0f} s", height=9, width=32),
                    Panel(events, title="events arriving", height=9, width=66),
                ]
            ),
            # Text, not markup: square brackets in foreign words are what they are.
            *(Text(line) for line in list(self._news)),
        )


def _hours(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60:02d} min" if seconds >= 60 else f"{seconds} s"


class Result(NamedTuple):
    """What Slack had up to a moment, and what had arrived of it when the collector stopped.

    ``late``: of these, shown late while the demo ran; ``later``: events after that moment;
    ``unknown``: ids up to it that Slack never had; ``most``: how many repeats the kill may cost;
    ``faults``: how often by kind; ``stopped``: exit code of the last collector.
    """

    had: int
    late: int
    arrived: int
    later: int
    lost: Sequence[str]
    repeated: int
    unknown: int
    most: int
    faults: Mapping[str, int]
    stopped: int

    @property
    def good(self) -> bool:
        """Is it what the collector promises?"""
        kept = not self.lost and not self.unknown and self.repeated <= self.most
        return kept and self.had > 0 and self.stopped == 0

    def lines(self) -> Iterator[str]:
        """The result in words."""
        faults = ", ".join(f"{kind} {count}" for kind, count in self.faults.items() if count)
        yield f"Slack's faults: {faults or 'none'}"
        yield f"Slack had  {self.had:,} events, {self.late:,} of them shown late meanwhile"
        yield f"arrived    {self.arrived:,} (and {self.later:,} newer ones, not counted here)"
        yield f"lost {len(self.lost)}"
        yield from (f"    {name}" for name in self.lost[:20])
        yield f"repeated {self.repeated:,} (the kill may repeat the page in flight: {self.most:,})"
        if self.unknown:
            yield f"unknown to Slack {self.unknown}"
        yield f"collector stopped by SIGTERM with exit code {self.stopped}"
        yield "As promised." if self.good else "NOT as promised."


def compared(
    output: Path,
    truth: Sequence[Mapping[str, Any]],
    began: float,
    moment: int,
    page_size: int,
    faults: Mapping[str, int],
    stopped: int,
) -> Result:
    """What the file ``output`` holds against the emulator's ``truth`` up to second ``moment``.

    ``truth``: rows of id, second, visible_at. Counted from the file itself, not from what was
    seen of it while it grew.
    """
    found: Counter[str] = Counter()
    newer = set()
    with output.open("rb") as file:
        for line in file:
            event = json.loads(line)
            found[event["id"]] += 1
            if event["date_create"] > moment:
                newer.add(event["id"])
    had = {row["id"] for row in truth}
    # Slack's pages end with a whole second, so they may be longer than asked for.
    second = max(Counter(row["second"] for row in truth).values(), default=1)
    return Result(
        had=len(had),
        late=sum(row["visible_at"] >= max(began, row["second"] + 1) for row in truth),
        arrived=len(had & found.keys()),
        later=len(newer),
        lost=sorted(had - found.keys()),
        repeated=sum(found.values()) - len(found),
        unknown=len(found.keys() - had - newer),
        most=page_size + second - 1,
        faults=faults,
        stopped=stopped,
    )
