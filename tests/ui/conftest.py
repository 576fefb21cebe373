# SPDX-License-Identifier: Apache-2.0
"""The settings pages in a real browser, on the built package, the double and the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from tests.splunkd.places import package, splunks_python
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.web import SplunkWeb
from tests.ui.visiting import PLAYWRIGHT, Visit, browser

TOKEN = "xoxp-emulator-good-1234567890"
WRONG = "xoxp-nobody-knows-this-one"


@pytest.fixture(scope="session")
def chromium() -> str:
    return browser()


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
