# SPDX-License-Identifier: Apache-2.0
"""The vendored splunk-sdk and solnlib get along with the double, as they do with splunkd."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.splunkd.places import APP
from tests.splunkd.splunkd import Splunkd

# The package is one, and runs on Splunk's Pythons: once is enough, whichever runs the tests.
pytestmark = pytest.mark.slow


def _clients(splunkd: Splunkd) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(splunkd.python),
            "-S",
            str(Path(__file__).parent / "clients.py"),
            str(splunkd.home / "etc" / "apps" / APP / "lib"),
            "127.0.0.1",
            str(splunkd.port),
            splunkd.session_key,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def found(splunkd: Splunkd) -> dict[str, Any]:
    done = _clients(splunkd)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_secrets(found: dict[str, Any], splunkd: Splunkd) -> None:
    assert found["secret"]
    assert found["forgotten"]
    for path in (splunkd.home / "etc").rglob("*.conf"):
        assert "x" * 100 not in path.read_text(encoding="utf-8")


def test_confs(found: dict[str, Any]) -> None:
    assert found["no_conf"]
    assert found["loglevel"] == "DEBUG"
    assert found["made"] == {"a": "b = c", "empty": None}  # as splunklib reads an empty element
    assert found["stanzas"] == ["logging", "proxy"]
    assert "slack_audit" in found["inputs"]


def test_checkpoints(found: dict[str, Any]) -> None:
    assert found["none"] is None
    assert found["one"] == {"second": 1_790_000_000, "text": "ü <&> ]]>"}
    assert found["two"] == 2
    assert found["gone"] is None
    assert found["documents"] == ["two"]


def test_a_key_that_is_not_known_is_refused(splunkd: Splunkd) -> None:
    answer = splunkd.call("GET", "/services/server/info?output_mode=json", key="nonsense")
    assert answer.status == 401
    assert b"call not properly authenticated" in answer.body


def test_faults_go_away(splunkd: Splunkd) -> None:
    path = f"/servicesNS/nobody/{APP}/configs/conf-app?output_mode=json"
    splunkd.faults.fail(503, 2, when="configs/conf-app")
    assert [splunkd.call("GET", path).status for _ in range(3)] == [503, 503, 200]
    splunkd.faults.read_only = True
    assert splunkd.call("POST", path, "name=one").status == 503
    splunkd.faults.clear()
    assert splunkd.call("POST", path, "name=one").status == 201
    assert splunkd.call("POST", path, "name=one").status == 409


def test_double_slashes_do_not_matter(splunkd: Splunkd) -> None:
    path = f"/servicesNS//nobody/{APP}/configs/conf-app//launcher?output_mode=json"
    assert json.loads(splunkd.call("GET", path).body)["entry"][0]["name"] == "launcher"
