# SPDX-License-Identifier: Apache-2.0
"""A receiver that is killed again and again under load: every event is counted, and compared.

``python -m tests.forward.kills --events 200000 --kills 50`` runs the installed collector against
the emulator and prints what arrived. The test beside it does the same with fewer events.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.bench.children import (
    EVENTS_PER_DAY,
    Emulator,
    back_to,
    command,
    emulator,
    started,
)
from tests.receivers.running import Record, Running, running

#: Of a batch; one is under way at a time.
BATCH = 500


class Result(NamedTuple):
    """What came of it. ``bound``: events in the batches that a kill left unacknowledged, at most.

    ``repeated_batches``: batches, whole or in halves, of which something arrived once more.
    """

    events: int
    kills: int
    lost: int
    replaced: int
    repeated: int
    bound: int
    repeated_batches: int
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    """Run it and print the result; 0 if it is as promised."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=50)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slack-audit-kills-") as folder:
        result = run(Path(folder), given.events, given.kills)
    sys.stdout.write(json.dumps(result._asdict()) + "\n")
    return 0 if kept(result, given.kills) else 1


def kept(result: Result, kills: int) -> bool:
    """Is it as promised?"""
    return (
        result.kills == kills
        and result.lost == result.replaced == 0
        and result.repeated <= result.bound
        and result.repeated_batches <= kills
    )


def run(folder: Path, events: int, kills: int) -> Result:
    """Collect about so many events into a receiver that is killed so often meanwhile."""
    began = time.monotonic()
    with (
        emulator(
            *("--calls-per-minute", 0, "--events-per-day", EVENTS_PER_DAY, "--history-days", 60)
        ) as slack,
        running(folder) as host,
    ):
        latest = slack.began - 1
        oldest = back_to(events, latest)
        wanted = _truth(slack, oldest, latest)
        line = command(
            *("backfill", "--from", oldest, "--to", latest, "--state", folder / "state.db"),
            *("--api-url", slack.base_url, "--max-calls-per-minute", 6000),
            *("--output", "forward", "--forward-host", host.address),
        )
        with (folder / "stderr").open("wb") as log, started(line, stderr=log) as collector:
            killed = _kill(host, kills, len(wanted) // (kills + 1), collector)
            code = collector.wait(600)
        if code != 0:
            raise RuntimeError((folder / "stderr").read_text("utf-8", "replace")[-2000:])
        return _compared(wanted, host.records(), killed, time.monotonic() - began)


def _kill(host: Running, kills: int, every: int, collector: subprocess.Popen[bytes]) -> int:
    """Kill and restart the host each time ``every`` more records have arrived."""
    killed = lines = size = 0
    while killed < kills and collector.poll() is None:
        with host.out.open("rb") as file:
            file.seek(size)
            new = file.read()
        size += len(new)
        lines += new.count(b"\n")
        if lines >= (killed + 1) * every:
            host.again()
            killed += 1
        time.sleep(0.002)
    return killed


def _truth(slack: Emulator, oldest: int, latest: int) -> dict[str, bytes]:
    """A digest of each entry by its id, as Slack shows it."""
    found: dict[str, bytes] = {}
    cursor = ""
    while cursor or not found:
        path = f"/audit/v1/logs?oldest={oldest}&latest={latest}&limit=9999{cursor}"
        with slack.open("GET", path) as answer:
            page = json.loads(answer.read())
        found.update((entry["id"], _digest(entry)) for entry in page["entries"])
        following = page["response_metadata"]["next_cursor"]
        cursor = f"&cursor={quote(following)}" if following else ""
    return found


def _compared(
    wanted: dict[str, bytes], records: list[Record], kills: int, seconds: float
) -> Result:
    counts: Counter[str] = Counter()
    replaced = 0
    chunks_of: dict[str, set[str]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for record in records:
        fields = dict(record.fields)
        fields.pop("collector")
        name = fields.get("id", "")
        counts[name] += 1
        chunks_of.setdefault(name, set()).add(record.chunk)
        times[record.chunk, name] += 1
        replaced += wanted.get(name) != _digest(fields)
    again = {chunk for (chunk, _), count in times.items() if count > 1}
    # Of a batch that was halved, the halves have other names: count it by its first one.
    again.update(min(chunks) for chunks in chunks_of.values() if len(chunks) > 1)
    return Result(
        events=len(wanted),
        kills=kills,
        lost=len(wanted.keys() - counts.keys()),
        replaced=replaced,
        repeated=sum(counts.values()) - len(counts),
        bound=kills * BATCH,
        repeated_batches=len(again),
        seconds=round(seconds, 1),
    )


def _digest(entry: Any) -> bytes:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).digest()


if __name__ == "__main__":
    sys.exit(main())
