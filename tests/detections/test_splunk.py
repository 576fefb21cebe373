# SPDX-License-Identifier: Apache-2.0
"""The saved searches that are made of the detections find what the detections find."""

from __future__ import annotations

import configparser
import functools
import tempfile
from pathlib import Path

import pytest

from slack_audit_input.addon.detections import PREFIX, generate, main, splunk_search
from tests.detections.cases import FOLDER, Case, cases
from tests.detections.written import detections
from tests.spl.events import macros, rows
from tests.spl.search import Spl


@functools.cache
def search(name: str) -> Spl:
    one = next(one for one in detections() if one.name == name)
    return Spl(splunk_search(one), macros())


@functools.cache
def stanzas() -> configparser.RawConfigParser:
    """What `generate` writes, read again."""
    with tempfile.TemporaryDirectory() as folder:
        generate(FOLDER, Path(folder))
        text = (Path(folder) / "savedsearches.conf").read_text(encoding="utf-8")
    text = text.replace("\\\n", "\n\t")
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",))
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.detection}: {case.name}")
def test_the_search_finds_it_or_does_not(case: Case) -> None:
    assert bool(search(case.detection).run(rows(case.entries))) is case.fires


def test_every_field_of_every_search_is_one_that_an_event_has() -> None:
    """Of the events beside the detections: each field is seen where the detection looks for it."""
    everywhere = {name for case in cases() for row in rows(case.entries[:1]) for name in row}
    for one in detections():
        seen = {
            name
            for case in cases()
            if case.detection == one.name
            for row in rows(case.entries)
            for name in row
        }
        assert search(one.name).fields() <= seen | (everywhere & {"user", "src"}), one.name


def test_all_are_saved_searches_that_are_off() -> None:
    found = stanzas()
    assert found.sections() == [PREFIX + one.main.title for one in detections()]
    for one in detections():
        settings = dict(found[PREFIX + one.main.title])
        assert settings["disabled"] == "1"
        assert 2 <= int(settings["alert.severity"]) <= 5
        minute, _, step = settings["cron_schedule"].split()[0].partition("-59/")
        assert int(minute) < int(step) and step in ("5", "15")
        assert one.description in settings["description"]
        assert all(step in settings["description"] for step in one.response)


def test_what_is_saved_can_be_read_and_asks_for_no_field_that_is_not_there() -> None:
    found = stanzas()
    for one in detections():
        spl = Spl(found[PREFIX + one.main.title]["search"], macros())
        assert not spl.fields() & {"detection", "matches", "first_time", "part"}
        assert {"_time", "detection", "detection_level", "user", "src"} <= spl.made()


def test_other_alerts_stay(tmp_path: Path) -> None:
    (tmp_path / "savedsearches.conf").write_text("[Health]\nsearch = x\n", encoding="utf-8")
    assert generate(FOLDER, tmp_path) == len(detections())
    text = (tmp_path / "savedsearches.conf").read_text(encoding="utf-8")
    assert text.startswith("[Health]\nsearch = x\n\n[Slack audit - ")
    with pytest.raises(ValueError, match="already"):
        generate(FOLDER, tmp_path)


def test_a_folder_without_detections_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no detections"):
        generate(tmp_path, tmp_path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savedsearches", str(FOLDER), str(tmp_path / "default")]) == 0
    assert f"{len(detections())} detections" in capsys.readouterr().out
    assert main(["sql", str(FOLDER), str(tmp_path)]) == 2
