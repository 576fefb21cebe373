# SPDX-License-Identifier: Apache-2.0
"""`make host` as a person meets it: one URL, the real pages, events that come in, and a restart."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.splunkd.places import REPOSITORY, package
from tests.ui.visiting import PLAYWRIGHT, Visit, browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


@contextmanager
def _host(home: Path, slack_port: int) -> Iterator[str]:
    arguments = ["--home", str(home), "--port", "0", "--sign-in-port", "0"]
    arguments += ["--slack-port", str(slack_port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.host", "--package", str(package()), *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout as out:
            url = next(line.strip() for line in out if line.strip().startswith("http"))
            yield url.rstrip("/")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def _first_page(url: str) -> str:
    with urllib.request.urlopen(url + "/", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def _count(home: Path) -> int:
    with (home / "var/lib/splunk/indexes/main.ndjson").open("rb") as file:
        return sum(1 for _ in file)


def test_account_input_and_events(tmp_path: Path) -> None:
    home = tmp_path / "home"
    given = {"playwright": str(PLAYWRIGHT), "chromium": browser()}
    with _host(home, 0) as url:
        found = Visit({**given, "url": url}, tmp_path)("host.js")
        slack_port = int(_first_page(url).split("<code>http://127.0.0.1:")[1].split("/")[0])
    assert "This is not a Splunk." in found["text"]
    assert found["seconds"] < 30
    if os.environ.get("UPDATE_PICTURES"):
        shutil.copyfile(tmp_path / "host.png", REPOSITORY / "docs" / "pictures" / "host.png")
    seen = _count(home)
    assert seen > 1000
    # The same folder, another day: the input goes on by itself, and repeats nothing.
    with _host(home, slack_port) as url:
        assert "audit" in _first_page(url)
        deadline = time.monotonic() + 60
        while _count(home) == seen and time.monotonic() < deadline:
            time.sleep(0.5)
    lines = (home / "var/lib/splunk/indexes/main.ndjson").read_text(encoding="utf-8").splitlines()
    assert len(lines) > seen
    ids = [json.loads(json.loads(line)["data"])["id"] for line in lines]
    assert len(ids) == len(set(ids))
