# SPDX-License-Identifier: Apache-2.0
"""Progress on long work: a bar on a terminal, a plain line now and then otherwise; on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from typing_extensions import Self

#: Seconds between plain lines.
PLAIN_EVERY = 10.0
#: Seconds between redraws of the bar.
REDRAW_EVERY = 0.2


class Sample(NamedTuple):
    """``left``: seconds of the stretch still to be read; ``events``, ``calls``: so far."""

    left: int
    events: int
    calls: int


class Progress:
    """Shows a stretch of ``seconds`` being read. A context manager.

    ``before``: seconds that an earlier run has read; they count as done.
    """

    def __init__(self, title: str, seconds: int, before: int = 0) -> None:
        self._title = title
        self._seconds = max(1, seconds)
        self._before = before
        self._began = time.monotonic()
        self._shown = float("-inf")
        self._last = Sample(seconds, 0, 0)
        self._bar: RichProgress | None = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}% {task.fields[words]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            total = self._before + self._seconds
            self._task = self._bar.add_task(self._title, total=total, words="")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._draw()
            self._bar.stop()
        click.echo(f"{self._title}: {self._words()}", err=True)

    def show(self, sample: Sample) -> None:
        """Take in how far it is; shown no more often than anyone could read."""
        self._last = sample
        now = time.monotonic()
        if now - self._shown < (REDRAW_EVERY if self._bar else PLAIN_EVERY):
            return
        self._shown = now
        if self._bar is not None:
            self._draw()
        else:
            whole = self._before + self._seconds
            done = 100 * (whole - sample.left) // whole
            click.echo(f"{self._title}: {done} % {self._words()}", err=True)

    def _draw(self) -> None:
        assert self._bar is not None
        done = self._before + self._seconds - self._last.left
        self._bar.update(self._task, completed=done, words=self._words())

    def _words(self) -> str:
        left, events, calls = self._last
        spent = max(time.monotonic() - self._began, 0.001)
        done = self._seconds - left
        words = f"{events} events, {calls} calls, {60 * calls / max(spent, 60):.0f} calls a minute"
        if 0 < done < self._seconds:
            words += f", about {_duration(spent * left / done)} left"
        return words


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"
