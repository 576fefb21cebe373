# SPDX-License-Identifier: Apache-2.0
"""A quarter of an hour under fire in half a minute, and the same with a bug planted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.soak.clock import NoCompiler, library
from tests.soak.report import text
from tests.soak.running import HOSTS, SHORT, Form, soak
from tests.splunkd.places import absent

pytestmark = pytest.mark.slow
FORM = Form(seconds=1000.0, speed=50.0, tail_speed=400.0, kills=12, sweeps=SHORT)


@pytest.fixture(autouse=True)
def _compiler(tmp_path: Path) -> None:
    try:
        library(tmp_path / "clock")
    except NoCompiler as error:
        absent("C compiler", str(error))


@pytest.mark.parametrize("host", HOSTS)
def test_under_fire_nothing_is_lost_and_every_fault_strikes(host: str, tmp_path: Path) -> None:
    found = _soak(host, tmp_path, FORM)
    assert not found["failures"], text(found)
    assert found["lives"]["kills"] == FORM.kills
    assert sum(one["repeated"] for one in found["outputs"].values()) > 0


def test_a_commit_before_the_write_is_found(tmp_path: Path) -> None:
    planted = (sys.executable, "-m", "tests.soak.planted")
    form = FORM._replace(seconds=600.0, command=planted)
    found = _soak("standalone", tmp_path, form)
    assert found["outputs"]["file"]["lost"] > 0, text(found)
    assert any("events lost" in words for words in found["failures"])


def _soak(host: str, folder: Path, form: Form) -> dict[str, Any]:
    return {**soak(host, folder / host, form), "took_s": 0.0}
