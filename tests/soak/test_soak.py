# SPDX-License-Identifier: Apache-2.0
"""A quarter of an hour under fire, for each host, and the same with a bug planted: all at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.soak.clock import NoCompiler, library
from tests.soak.report import text
from tests.soak.running import HOSTS
from tests.soak.slack import TOP
from tests.splunkd.places import absent, package

pytestmark = pytest.mark.slow
KILLS = 12
SPEED = 50
LINE = [sys.executable, "-m", "tests.soak", "--hours", "0.28", "--speed", str(SPEED)]
LINE += ["--tail-speed", "400", "--kills", str(KILLS)]
RUNS = {
    "standalone": ("--host", "standalone"),
    "addon": ("--host", "addon"),
    "planted": ("--host", "standalone", "--planted", "--hours", "0.15"),
}


class Ended(NamedTuple):
    """A soak's exit code and its books."""

    code: int
    books: dict[str, Any]


@pytest.fixture(scope="module")
def soaks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    """All of them at once: they wait more than they work."""
    folder = tmp_path_factory.mktemp("soak")
    try:
        library(folder / "clock")
    except NoCompiler as error:
        absent("C compiler", str(error))
    package()
    processes = {name: _started(name, folder, more) for name, more in RUNS.items()}
    try:
        yield {name: _ended(name, folder, process) for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.terminate()
            process.wait(60)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("host", HOSTS)
def test_under_fire_nothing_is_lost_and_every_fault_strikes(
    soaks: dict[str, Ended], host: str
) -> None:
    code, found = soaks[host]
    # A fault that never met the collector.
    unmet = [words for words in found["failures"] if words.endswith((": 0", ": 0 answers"))]
    assert [words for words in found["failures"] if words not in unmet] == [], text(found)
    assert code == (1 if unmet else 0)
    assert found["lives"]["kills"] == KILLS
    assert all(one["lost"] == 0 for one in found["outputs"].values())
    assert all(one["hours"] >= 6 for one in found["coverage"].values())
    if unmet:
        # Where a start takes half of such a day, a cursor that was to die may never be used.
        assert found["speed_on_average"] < SPEED / 2, text(found)
        pytest.skip(f"NOT EVERY FAULT STRUCK, this machine is too slow for it: {unmet}")


@pytest.mark.timeout(900)
def test_a_commit_before_the_write_is_found(soaks: dict[str, Ended]) -> None:
    code, found = soaks["planted"]
    assert code == 1
    assert found["outputs"]["file"]["lost"] > 0, text(found)
    assert any("events lost" in words for words in found["failures"])


def _started(name: str, folder: Path, more: Sequence[str]) -> subprocess.Popen[bytes]:
    line = [*LINE, *more, "--json", str(folder / f"{name}.json"), "--keep", str(folder / name)]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(line, cwd=TOP, stdout=subprocess.DEVNULL, stderr=log)


def _ended(name: str, folder: Path, process: subprocess.Popen[bytes]) -> Ended:
    code = process.wait(500)
    path = folder / f"{name}.json"
    assert path.exists(), (folder / f"{name}.log").read_text("utf-8", "replace")[-3000:]
    return Ended(code, json.loads(path.read_text("ascii")))
