# SPDX-License-Identifier: Apache-2.0
"""The builder says when something is wrong, where UCC's generator does not."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from slack_audit_input.addon.archive import pack
from slack_audit_input.addon.configuration import configuration
from slack_audit_input.addon.generating import BuildFailed, generate
from slack_audit_input.addon.settling import settle
from slack_audit_input.addon.staging import stage
from tests.splunkd.places import REPOSITORY

GOOD = "INFO: File creation summary: created: 54, copied: 3, modified: 1, conflict: 0"


def _generated(tmp_path: Path, said: str, code: int, whole: bool = True) -> Path:
    """Run `generate` with a ucc-gen that says so, and makes an app or not."""
    tools = tmp_path / "tools" / "bin"
    tools.mkdir(parents=True)
    script = tools / "ucc-gen"
    script.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('--output') + 1]) / 'slack_audit_input'\n"
        f"if {whole}:\n"
        "    (out / 'lib' / 'splunktaucclib').mkdir(parents=True)\n"
        "    (out / 'VERSION').write_text('0')\n"
        f"print({said!r})\nsys.exit({code})\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    (tmp_path / "globalConfig.json").write_text("{}", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    return generate(tmp_path / "globalConfig.json", out, "1.2.3", tmp_path / "tools")


def test_a_good_run(tmp_path: Path) -> None:
    assert _generated(tmp_path, GOOD, 0).name == "slack_audit_input"


@pytest.mark.parametrize(
    ("said", "code", "whole", "word"),
    [
        (GOOD.replace("conflict: 0", "conflict: 2"), 0, True, "replace generated"),
        (f"ERROR: Uncaught exception occurred\n{GOOD}", 0, True, "failed"),
        (GOOD, 1, True, "exit code 1"),
        ("INFO: all is well", 0, True, "without its summary"),
        (GOOD, 0, False, "no whole app"),
    ],
)
def test_a_run_that_only_looks_good(
    tmp_path: Path, said: str, code: int, whole: bool, word: str
) -> None:
    with pytest.raises(BuildFailed, match=word):
        _generated(tmp_path, said, code, whole)


def _repository(tmp_path: Path) -> Path:
    """What staging reads, as a copy."""
    here = tmp_path / "repository"
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("slack_audit_input", "default"):
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, here / name, ignore=unwanted)
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copyfile(REPOSITORY / name, here / name)
    return here


def test_what_other_steps_generate_is_staged_last(tmp_path: Path) -> None:
    repository = _repository(tmp_path)
    for where in ("lookups", "build/generated/lookups", "build/generated/default"):
        (repository / where).mkdir(parents=True)
    (repository / "lookups" / "a.csv").write_text("old", encoding="utf-8")
    (repository / "build/generated/lookups" / "a.csv").write_text("new", encoding="utf-8")
    (repository / "build/generated/default" / "macros.conf").write_text("[m]", encoding="utf-8")
    staged = tmp_path / "stage"
    staged.mkdir()
    stage(repository, staged, "1.2.3")
    assert (staged / "package/lookups/a.csv").read_text(encoding="utf-8") == "new"
    assert (staged / "package/default/macros.conf").exists()
    manifest = json.loads((staged / "package/app.manifest").read_text(encoding="utf-8"))
    assert manifest["info"]["id"]["version"] == "1.2.3"


@pytest.mark.parametrize("name", ["default/.hidden.conf~", "default/tool.so", "default/x.pyc"])
def test_files_of_other_kinds_stop_the_build(tmp_path: Path, name: str) -> None:
    repository = _repository(tmp_path)
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_bytes(b"\0")
    staged = tmp_path / "stage"
    staged.mkdir()
    with pytest.raises(ValueError, match="of a kind"):
        stage(repository, staged, "1.2.3")


def test_fields_that_are_not_there_stop_the_build(tmp_path: Path) -> None:
    document = json.loads((REPOSITORY / "slack_audit_input/addon/globalConfig.json").read_text())
    entities = document["pages"]["inputs"]["services"][0]["entity"]
    document["pages"]["inputs"]["services"][0]["entity"] = [
        each for each in entities if each["field"] != "actions"
    ]
    path = tmp_path / "globalConfig.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match="0 fields actions"):
        configuration(path, "1.2.3")


def _app(folder: Path, build: int) -> Path:
    app = folder / "app"
    for name, text in (
        ("default/app.conf", f"[install]\nbuild = {build}\n"),
        ("appserver/templates/base.html", f"<script src='static/@{build}/js'>"),
        ("lib/a-1.dist-info/RECORD", str(build)),
        ("lib/a/__init__.py", ""),
        ("lib/bin/tool", "x"),
    ):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text, encoding="utf-8")
    os.utime(app / "lib/a/__init__.py", (build, build))
    return app


def test_when_it_was_built_cannot_be_seen(tmp_path: Path) -> None:
    packed = []
    for build in (1_700_000_001, 1_800_000_002):
        folder = tmp_path / str(build)
        app = _app(folder, build)
        settle(app)
        pack(app, folder / "app.spl")
        packed.append((folder / "app.spl").read_bytes())
    assert packed[0] == packed[1]
    with tarfile.open(tmp_path / "1700000001" / "app.spl") as archive:
        names = archive.getnames()
    assert names == sorted(names)
    assert not [name for name in names if "RECORD" in name or "lib/bin" in name]


def test_the_build_number_changes_with_the_content(tmp_path: Path) -> None:
    found = []
    for text in ("one", "two"):
        app = _app(tmp_path / text, 1)
        (app / "more.txt").write_text(text, encoding="utf-8")
        settle(app)
        found.append((app / "default/app.conf").read_text(encoding="utf-8"))
    assert found[0] != found[1]
