# SPDX-License-Identifier: Apache-2.0
"""Forward delivery: the sink beside fluent-logger's own emit, and the whole collector."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests.bench.bench import Bench
from tests.bench.children import (
    EVENTS_PER_DAY,
    Cost,
    Emulator,
    Failed,
    back_to,
    command,
    emulator,
    measured,
    started,
)
from tests.bench.table import Figure
from tests.bench.truth import Truth, compare, truth

#: Seconds after which a run is given up.
PATIENCE = 600
_LOOPS = Path(__file__).with_name("forward_loops.py")
_SENDERS = {
    "emit": "fluent-logger's emit of parsed records, nothing acknowledged",
    "emit_text": "json.loads and emit of the same texts as below",
    "sink": "forward sink, from text, every batch acknowledged",
    "gzip": "the same with gzip",
}


class Sent(NamedTuple):
    """What sending took: events, seconds, seconds of CPU."""

    events: int
    wall: float
    cpu: float


class Scene(NamedTuple):
    """What all senders send: a stretch of an emulator's past, and its pages in files."""

    bench: Bench
    emulator: Emulator
    truth: Truth
    pages: tuple[Path, ...]


def forward(bench: Bench) -> None:
    """G: events a second and CPU of three senders to one receiver, and of the whole collector."""
    sent: dict[str, list[Sent]] = {name: [] for name in _SENDERS}
    costs: list[Cost] = []
    with _scene(bench, bench.sizes.events) as found:
        for number in range(bench.sizes.rounds):
            for name, what in _SENDERS.items():
                one = _send(found, name)
                bench.note(f"G round {number + 1}: {what}: {one.events / one.wall:,.0f} a second")
                sent[name].append(one)
            costs.append(_collector(found))
            bench.note(f"G round {number + 1}: collector: {costs[-1].cpu:.2f} s CPU")
        count = found.truth.entries
    rates = {}
    for name, what in _SENDERS.items():
        rate = statistics.median(one.events / one.wall for one in sent[name])
        micro = statistics.median(one.cpu / one.events * 1e6 for one in sent[name])
        rates[name] = rate
        bench.add(
            Figure(f"forward.{name}", f"{what}: events a second", rate, f"{rate:,.0f}"),
            Figure(f"forward.{name}_cpu", f"{what}: CPU an event", micro, f"{micro:.2f} µs"),
        )
    for name, target in (("emit", "≥ 2"), ("emit_text", "")):
        ratio = rates["sink"] / rates[name]
        what = f"forward sink / {_SENDERS[name].split(',')[0].replace(' as below', '')}"
        bench.add(Figure(f"forward.{name}_ratio", what, ratio, f"{ratio:.2f}", target))
    cost = Cost(*(statistics.median(column) for column in zip(*costs)))
    rate = count / cost.cpu
    words = "collector, backfill to a forward host: events per CPU-second"
    bench.add(Figure("forward.collector", words, rate, f"{rate:,.0f}", "≥ 60,000", cost))


@contextmanager
def _scene(bench: Bench, events: int) -> Iterator[Scene]:
    with emulator(
        *("--calls-per-minute", 0, "--events-per-day", EVENTS_PER_DAY, "--history-days", 60)
    ) as slack:
        latest = slack.began - 1
        wanted = truth(slack, back_to(events, latest), latest)
        yield Scene(bench, slack, wanted, tuple(_pages(bench, slack, wanted)))


def _pages(bench: Bench, slack: Emulator, wanted: Truth) -> Iterator[Path]:
    """Every page of the stretch in a file."""
    cursor, number = "", 0
    while cursor or not number:
        stretch = f"oldest={wanted.oldest}&latest={wanted.latest}&limit=9999{cursor}"
        with slack.open("GET", f"/audit/v1/logs?{stretch}") as answer:
            body = answer.read()
        path = bench.folder / f"forward{number:05}.json"
        path.write_bytes(body)
        yield path
        following = json.loads(body)["response_metadata"]["next_cursor"]
        cursor, number = (f"&cursor={quote(following)}" if following else ""), number + 1


@contextmanager
def _receiver(*options: object) -> Iterator[int]:
    """A receiver; its port. It is not what is measured: two cores serve it and the sender."""
    line = [sys.executable, "-m", "tests.receivers.receiver", *map(str, options)]
    with started(line, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        told = child.stdout.readline()
        if not told:
            raise Failed("the receiver does not start")
        yield int(json.loads(told)["port"])


def _send(scene: Scene, name: str) -> Sent:
    with _receiver("--skim") as port:
        line = [sys.executable, str(_LOOPS), name, str(port), *map(str, scene.pages)]
        with started(line, stdout=subprocess.PIPE) as child:
            out, _ = child.communicate(timeout=PATIENCE)
    got = json.loads(out)
    if got["failed"]:
        raise Failed(f"{name}: {got['failed']} attempts failed")
    return Sent(got["events"], got["wall"], got["cpu"])


def _collector(scene: Scene) -> Cost:
    received = scene.bench.fresh("received.ndjson")
    with _receiver("--out", received) as port:
        backfill = command(
            *("backfill", "--from", scene.truth.oldest, "--to", scene.truth.latest),
            *("--api-url", scene.emulator.base_url, "--state", scene.bench.fresh("state.db")),
            *("--max-calls-per-minute", 6000),
            *("--output", "forward", "--forward-host", f"127.0.0.1:{port}"),
        )
        cost = measured(backfill, scene.bench.folder, PATIENCE)
    lines = scene.bench.fresh("ids.ndjson")
    with received.open("rb") as file, lines.open("w", encoding="utf-8") as out:
        for record in file:
            out.write(json.dumps({"id": json.loads(record)[3]["id"]}) + "\n")
    scene.bench.check("collector to a forward host", compare(scene.emulator, scene.truth, lines))
    received.unlink()
    lines.unlink()
    return cost
