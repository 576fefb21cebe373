# SPDX-License-Identifier: Apache-2.0
"""What is in the built package, and what is not."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from slack_audit_input import __version__
from slack_audit_input.addon.build import build
from slack_audit_input.addon.staging import LEFT_OUT
from tests.splunkd.confs import parse
from tests.splunkd.places import APP, REPOSITORY, VERSIONS, absent, splunks_python

# The package is one, and runs on Splunk's Pythons: once is enough, whichever runs the tests.
pytestmark = pytest.mark.slow
SIZE_MOST = 6_000_000
KINDS = frozenset(
    [
        ".conf",
        ".css",
        ".csv",
        ".html",
        ".js",
        ".json",
        ".manifest",
        ".md",
        ".meta",
        ".png",
        ".py",
        ".rst",
        ".spec",
        ".txt",
        ".xml",
        ".pem",
    ]
)
#: Files without an ending that vendored packages and UCC have.
BARE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS|METADATA|VERSION|entry_points|top_level)")
#: What a secret looks like. The emulator's tokens are not in the package either.
SECRETS = re.compile(
    rb"xox[a-z]-[A-Za-z0-9-]{6,}|xapp-[0-9]|-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}"
    rb"|ghp_[A-Za-z0-9]{20}|(?i:(?:password|secret|api_key|token)\s*=\s*[\"'][^\"'*\s]{8,}[\"'])"
)
#: Nothing of the machine that built it, or of its registry.
TRACES = re.compile(rb"/root/|/home/[a-z]+/|/tmp/|file:///|index-url")
VENDORED = {
    "certifi",
    "charset_normalizer",
    "defusedxml",
    "deprecation.py",
    "idna",
    "packaging",
    "requests",
    "slack_audit_input",
    "socks.py",
    "sockshandler.py",
    "solnlib",
    "sortedcontainers",
    "splunklib",
    "splunktaucclib",
    "urllib3",
}


def _files(app: Path) -> list[Path]:
    return sorted(path for path in app.rglob("*") if path.is_file())


def test_size_and_shape(built: Path) -> None:
    assert built.stat().st_size <= SIZE_MOST
    with tarfile.open(built) as archive:
        members = archive.getmembers()
    assert {member.name.split("/")[0] for member in members} == {APP}
    assert all(member.isfile() or member.isdir() for member in members)
    assert {member.mode for member in members if member.isfile()} == {0o644}


def test_no_binary_and_nothing_stray(app: Path) -> None:
    odd = [
        str(path.relative_to(app))
        for path in _files(app)
        if (path.suffix not in KINDS and not BARE.match(path.name))
        or path.name.startswith(".")
        or "__pycache__" in path.parts
        or path.name in ("RECORD", "direct_url.json")
    ]
    assert odd == []
    for path in _files(app):
        if path.suffix != ".png":
            assert b"\0" not in path.read_bytes(), f"{path} is no text"


def test_no_folder_that_does_not_ship(app: Path) -> None:
    assert not {"local", "users", "test", "tests"} & {path.name for path in app.iterdir()}


def test_no_secret_and_no_trace_of_the_build(app: Path) -> None:
    ours = [
        path
        for path in _files(app)
        if "appserver/static/js" not in path.as_posix()
        and (path.relative_to(app).parts[0] != "lib" or "lib/slack_audit_input" in path.as_posix())
    ]
    assert len(ours) > 50
    for path in ours:
        found = SECRETS.findall(path.read_bytes()) + TRACES.findall(path.read_bytes())
        assert found == [], path.relative_to(app)


def test_scan_finds_what_it_is_for() -> None:
    for text in (b"xoxp-1234567-abc", b'password = "hunter2hunter2"', b"-----BEGIN PRIVATE KEY"):
        assert SECRETS.search(text)
    assert TRACES.search(b"/root/.venv/lib")


def test_only_what_the_addon_uses_is_vendored(app: Path) -> None:
    found = {path.name for path in (app / "lib").iterdir() if path.suffix != ".dist-info"}
    assert found == VENDORED


def test_the_engine_is_the_collectors_own(app: Path) -> None:
    code = REPOSITORY / "slack_audit_input"
    staged = app / "lib" / "slack_audit_input"
    for path in _files(staged):
        assert path.read_bytes() == (code / path.relative_to(staged)).read_bytes()
    for name in LEFT_OUT:
        assert (code / name).exists()
        assert not (staged / name).exists()
    assert (staged / "catalogue" / "actions.csv").exists()


def test_confs_and_manifest_agree(app: Path) -> None:
    conf = parse((app / "default" / "app.conf").read_text(encoding="utf-8"))
    manifest = json.loads((app / "app.manifest").read_text(encoding="utf-8"))
    assert conf["launcher"]["version"] == conf["id"]["version"] == __version__
    assert manifest["info"]["id"]["version"] == __version__
    assert conf["package"]["id"] == manifest["info"]["id"]["name"] == APP
    inputs = parse((app / "default" / "inputs.conf").read_text(encoding="utf-8"))
    assert inputs["slack_audit"]["python.required"] == "3.9, 3.13"
    for values in parse((app / "default" / "restmap.conf").read_text(encoding="utf-8")).values():
        if "handlerfile" in values:
            assert values["python.required"] == "3.9, 3.13"


def test_every_action_can_be_chosen(app: Path) -> None:
    shown = json.loads(
        (app / "appserver/static/js/build/globalConfig.json").read_text(encoding="utf-8")
    )
    entities = shown["pages"]["inputs"]["services"][0]["entity"]
    for field in ("actions", "exclude_actions"):
        (entity,) = (each for each in entities if each["field"] == field)
        assert len(entity["options"]["items"]) == 776


def test_every_field_has_help(app: Path) -> None:
    shown = json.loads(
        (app / "appserver/static/js/build/globalConfig.json").read_text(encoding="utf-8")
    )
    entities = shown["pages"]["inputs"]["services"][0]["entity"]
    assert [each["field"] for each in entities if not each.get("help")] == []


def test_few_fields_to_the_first_event(app: Path) -> None:
    shown = json.loads(
        (app / "appserver/static/js/build/globalConfig.json").read_text(encoding="utf-8")
    )
    account = shown["pages"]["configuration"]["tabs"][0]["entity"]
    entities = [*account, *shown["pages"]["inputs"]["services"][0]["entity"]]
    to_fill = [
        each["field"] for each in entities if each.get("required") and "defaultValue" not in each
    ]
    assert to_fill == ["name", "name", "account"]
    # And what an account has for the way that is chosen, where all is needed.
    (ways,) = [each["options"] for each in account if each["type"] == "oauth"]
    assert [each["field"] for each in ways["basic"]] == ["token"]
    assert [each["field"] for each in ways["oauth"]] == [
        "client_id",
        "client_secret",
        "redirect_url",
    ]


_IMPORT = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import slack_audit_input
names = [m.name for m in pkgutil.walk_packages(slack_audit_input.__path__, "slack_audit_input.")]
for name in [*names, "requests", "solnlib", "splunklib.modularinput", "socks",
             "solnlib.modular_input", "solnlib.conf_manager", "solnlib.credentials"]:
    importlib.import_module(name)
foreign = [n for n in ("click", "rich", "sqlalchemy", "psycopg") if n in sys.modules]
assert not foreign, foreign
outside = [m.__name__ for m in list(sys.modules.values())
           if "site-packages" in (getattr(m, "__file__", None) or "")]
assert not outside, outside
print(len(names))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_all_of_it_can_be_imported(app: Path, version: str) -> None:
    # -S: without the interpreter's own site-packages.
    done = subprocess.run(
        [str(splunks_python(version)), "-S", "-B", "-c", _IMPORT, str(app / "lib")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40


def test_the_same_sources_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    tools = REPOSITORY / ".venv" / "ucc"
    if not (tools / "bin" / "ucc-gen").exists():
        absent("ucc-gen", "make addon")
    again = build(REPOSITORY, tools, tmp_path)
    assert again.read_bytes() == built.read_bytes()
