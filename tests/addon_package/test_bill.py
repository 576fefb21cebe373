# SPDX-License-Identifier: Apache-2.0
"""The bill of materials beside the package says what is in it, no more and no less."""

from __future__ import annotations

import email.parser
import json
import re
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.addon.bill import bill
from tests.splunkd.places import APP, REPOSITORY, absent


@pytest.fixture(scope="module")
def document(built: Path) -> Any:
    path = built.with_suffix(".cdx.json")
    if not path.exists():
        absent("bill of materials", "make addon")
    return json.loads(path.read_text("utf-8"))


def _key(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def test_it_lists_what_is_in_the_package(document: Any, app: Path) -> None:
    there = set()
    for path in (app / "lib").glob("*.dist-info/METADATA"):
        fields = email.parser.HeaderParser().parsestr(path.read_text("utf-8"))
        there.add((_key(fields["Name"]), fields["Version"]))
    listed = [(_key(one["name"]), one["version"]) for one in document["components"]]
    assert sorted(there) == sorted(listed)
    pins = (REPOSITORY / "slack_audit_input/addon/package/lib/requirements.txt").read_text("utf-8")
    pinned = {(_key(n), v) for n, v in re.findall(r"(?m)^([\w.-]+)==(\S+)$", pins)}
    assert pinned == there


def test_nothing_vendored_is_without_a_name(document: Any, app: Path) -> None:
    """As many folders with metadata as there are, and every one with a licence."""
    assert len(document["components"]) == len(list((app / "lib").glob("*.dist-info")))
    assert all(
        one["licenses"] and one["purl"].startswith("pkg:pypi/") for one in document["components"]
    )


def test_it_is_the_same_again(document: Any, app: Path) -> None:
    version = document["metadata"]["component"]["version"]
    assert json.loads(bill(app, APP, version)) == document
    assert document["bomFormat"] == "CycloneDX" and document["specVersion"] == "1.5"
    assert document["serialNumber"].startswith("urn:uuid:")


def test_another_version_is_another_bill(app: Path, document: Any, tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "thing-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Name: Thing.One\nVersion: 1\nLicense: MIT\n")
    first = json.loads(bill(tmp_path, APP, "1"))
    assert first["components"][0]["purl"] == "pkg:pypi/thing-one@1"
    (folder / "METADATA").write_text("Name: Thing.One\nVersion: 2\nLicense: MIT\n")
    assert json.loads(bill(tmp_path, APP, "1"))["serialNumber"] != first["serialNumber"]
    (folder / "METADATA").write_text("Version: 2\n")
    with pytest.raises(ValueError, match="names no package"):
        bill(tmp_path, APP, "1")
