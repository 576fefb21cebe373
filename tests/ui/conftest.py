# SPDX-License-Identifier: Apache-2.0
"""The settings pages in a real browser, on the built package, the double and the emulator."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from tests.splunkd.places import REPOSITORY, absent, package, splunks_python
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.web import SplunkWeb

PLAYWRIGHT = REPOSITORY / ".venv" / "ui" / "node_modules" / "playwright-core"
TOKEN = "xoxp-emulator-good-1234567890"
WRONG = "xoxp-nobody-knows-this-one"


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None or not PLAYWRIGHT.exists() or shutil.which("node") is None:
        absent("chromium, node or playwright-core", "make splunk")
    return str(found)


@pytest.fixture(scope="session")
def emulator() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(token=TOKEN, history_days=2, events_per_day=20_000)) as running:
        yield running


@pytest.fixture(scope="session")
def splunkd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Splunkd]:
    home = tmp_path_factory.mktemp("splunk")
    with Splunkd(home, splunks_python("3.9")) as running:
        running.install(package())
        yield running


@pytest.fixture(scope="session")
def web(splunkd: Splunkd) -> Iterator[SplunkWeb]:
    serving = SplunkWeb(splunkd, "slack_audit_input")
    serving.start()
    yield serving
    serving.stop()


class Visit:
    """Runs scripts of this folder in the browser. ``pictures``: where their pictures are."""

    def __init__(self, given: dict[str, str], pictures: Path) -> None:
        self._given = {**given, "pictures": str(pictures)}
        self.pictures = pictures

    def __call__(self, script: str) -> dict[str, Any]:
        """What a script found. Fails when it does not get through, or the page breaks."""
        node, path = str(shutil.which("node")), str(Path(__file__).parent / script)
        done = subprocess.run(
            [node, path, json.dumps(self._given)],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr[:3000]
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["broken"] == []
        return found


@pytest.fixture(scope="session")
def visit(
    chromium: str,
    web: SplunkWeb,
    emulator: RunningEmulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Visit:
    return Visit(
        {
            "url": web.url,
            "api": emulator.base_url,
            "token": TOKEN,
            "wrong": WRONG,
            "playwright": str(PLAYWRIGHT),
            "chromium": chromium,
        },
        tmp_path_factory.mktemp("pictures"),
    )
