# SPDX-License-Identifier: Apache-2.0
"""CPU and memory of a backfill, beside a slack_sdk loop and bare JSON parsing."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote

from tests.bench.bench import Bench
from tests.bench.children import (
    EVENTS_PER_DAY,
    TOKEN,
    Cost,
    Emulator,
    Failed,
    back_to,
    command,
    emulator,
    measured,
)
from tests.bench.table import Figure
from tests.bench.truth import Truth, compare, truth

#: Seconds after which a run is given up.
PATIENCE = 600
#: More than any run makes: the call budget is not what is measured here.
_CALLS = 6000
_LOOPS = Path(__file__).with_name("loops.py")


class Scene(NamedTuple):
    """What all contestants read: a stretch of an emulator's past, and its pages in files."""

    bench: Bench
    emulator: Emulator
    truth: Truth
    pages: tuple[Path, ...] = ()


@contextmanager
def _scene(bench: Bench, events: int, *options: object) -> Iterator[Scene]:
    """An emulator without a rate limit, and its newest `events`."""
    with emulator(
        *("--calls-per-minute", 0, "--events-per-day", EVENTS_PER_DAY, "--history-days", 60),
        *options,
    ) as slack:
        latest = slack.began - 1
        yield Scene(bench, slack, truth(slack, back_to(events, latest), latest))


def cpu(bench: Bench) -> None:
    """A: CPU, wall time and memory of all contestants, in turn, and the medians.

    slack_sdk's client reads plain answers, for it asks for no other. The collector asks for
    packed ones; both are measured.
    """
    contestants: dict[str, tuple[str, Callable[[Scene], Cost]]] = {
        "file": ("collector, backfill to a file, answers packed", to_file),
        "plain": ("collector, backfill to a file, answers plain", to_file),
        "slack_sdk": ("slack_sdk loop to a file", _slack_sdk),
        "loads": ("json.loads of the same pages alone", lambda scene: _parse(scene, "loads")),
        "loads_dumps": (
            "json.loads + json.dumps of them",
            lambda scene: _parse(scene, "loads_dumps"),
        ),
        "pipe": ("collector, backfill to a pipe", _to_pipe),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    events = bench.sizes.events
    with _scene(bench, events) as packed, _scene(bench, events, "--no-gzip") as plain:
        # Also warms the emulators' caches.
        _download(plain)
        scene = packed._replace(pages=_download(packed))
        count = scene.truth.entries
        bench.note(f"A: {count:,} events on {len(scene.pages)} pages")
        for number in range(bench.sizes.rounds):
            for name, (what, run) in contestants.items():
                cost = run(plain if name == "plain" else scene)
                bench.note(f"A round {number + 1}: {what}: {cost.cpu:.2f} s CPU")
                costs[name].append(cost)
    middle = {name: _median(every) for name, every in costs.items()}
    for name, (what, _) in contestants.items():
        cost = middle[name]
        target = "≥ 120,000" if name in ("file", "plain") else ""
        rate = count / cost.cpu
        words = f"{what}: events per CPU-second"
        bench.add(Figure(f"cpu.{name}", words, rate, f"{rate:,.0f}", target, cost))
    for name, target in (("slack_sdk", "≥ 3"), ("loads", ""), ("loads_dumps", "")):
        for ours, kind in (("file", "packed"), ("plain", "plain")):
            times = middle[name].cpu / middle[ours].cpu
            what = f"CPU of {contestants[name][0]} / collector, {kind}"
            bench.add(Figure(f"cpu.{name}_{ours}_ratio", what, times, f"{times:.2f}", target))


def memory(bench: Bench) -> None:
    """B: peak memory of a backfill, and of one that is ten times as long."""
    sizes = bench.sizes
    peaks = []
    for events in (sizes.events, sizes.events * sizes.times):
        with _scene(bench, events) as scene:
            bench.note(f"B: backfill of {scene.truth.entries:,} events")
            cost = to_file(scene)
        peaks.append(cost.peak)
        what = f"peak memory, backfill of {events:,} events"
        shown = f"{cost.peak:.1f} MB"
        bench.add(Figure(f"memory.{events}", what, cost.peak, shown, "≤ 90 MB", cost))
    ratio = peaks[1] / peaks[0]
    shown = f"{ratio:.3f}"
    what = f"peak memory, {sizes.times} times the events / once"
    bench.add(Figure("memory.ratio", what, ratio, shown, "0.9 to 1.1"))


def to_file(scene: Scene) -> Cost:
    """The collector into a file."""
    output = scene.bench.fresh("collector.ndjson")
    cost = measured(_backfill(scene, "--output-file", output), scene.bench.folder, PATIENCE)
    return _checked(scene, output, "collector to a file", cost)


def _to_pipe(scene: Scene) -> Cost:
    """The collector into a pipe that is read as fast as it comes."""
    output = scene.bench.fresh("collector.ndjson")

    def drain(pipe: IO[bytes]) -> None:
        with output.open("wb") as file:
            shutil.copyfileobj(pipe, file, 1 << 20)

    cost = measured(_backfill(scene), scene.bench.folder, PATIENCE, drain)
    return _checked(scene, output, "collector to a pipe", cost)


def _slack_sdk(scene: Scene) -> Cost:
    output = scene.bench.fresh("slack_sdk.ndjson")
    stretch = (str(scene.truth.oldest), str(scene.truth.latest))
    line = [sys.executable, str(_LOOPS), "slack_sdk", scene.emulator.base_url, TOKEN, *stretch]
    cost = measured([*line, str(output)], scene.bench.folder, PATIENCE)
    return _checked(scene, output, "slack_sdk loop", cost)


def _parse(scene: Scene, name: str) -> Cost:
    counted = []
    line = [sys.executable, str(_LOOPS), name, *map(str, scene.pages)]
    cost = measured(
        line, scene.bench.folder, PATIENCE, lambda pipe: counted.append(int(pipe.read()))
    )
    if counted != [scene.truth.entries]:
        raise Failed(f"{name} parsed {counted} entries, not {scene.truth.entries}")
    return cost


def _checked(scene: Scene, output: Path, what: str, cost: Cost) -> Cost:
    """Compare what was delivered, and make room."""
    scene.bench.check(what, compare(scene.emulator, scene.truth, output))
    output.unlink()
    return cost


def _backfill(scene: Scene, *more: object) -> list[str]:
    stretch = ("--from", scene.truth.oldest, "--to", scene.truth.latest)
    where = ("--api-url", scene.emulator.base_url, "--state", scene.bench.fresh("state.db"))
    return command("backfill", *stretch, *where, "--max-calls-per-minute", _CALLS, *more)


def _download(scene: Scene) -> tuple[Path, ...]:
    """Every page of the stretch into a file, as Slack's text."""
    pages: list[Path] = []
    stretch = f"oldest={scene.truth.oldest}&latest={scene.truth.latest}&limit=9999"
    cursor = ""
    while cursor or not pages:
        with scene.emulator.open("GET", f"/audit/v1/logs?{stretch}{cursor}") as answer:
            body = answer.read()
        pages.append(scene.bench.folder / f"page{len(pages):05}.json")
        pages[-1].write_bytes(body)
        following = json.loads(body)["response_metadata"]["next_cursor"]
        cursor = f"&cursor={quote(following)}" if following else ""
    return tuple(pages)


def _median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs)))
