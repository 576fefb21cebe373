# SPDX-License-Identifier: Apache-2.0
"""The packaged table: complete, sorted, described in sentences, and readable out of a zip."""

from __future__ import annotations

import csv
import importlib.resources
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import slack_audit_input
from slack_audit_input.catalogue import ACTION_COUNT, Action, ours

PACKAGE = Path(slack_audit_input.__file__).parent


def table() -> list[dict[str, str]]:
    text = importlib.resources.files("slack_audit_input.catalogue").joinpath("actions.csv")
    return list(csv.DictReader(text.read_text(encoding="utf-8").splitlines(), strict=True))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def test_table_has_every_name_once_and_is_sorted() -> None:
    rows = table()
    names = [row["action"] for row in rows]
    keys = [(row["category"], row["action"]) for row in rows]
    assert len(rows) == len(set(names)) == ACTION_COUNT
    assert keys == sorted(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_.]+", name) for name in names)
    assert all(re.fullmatch(r"[a-z0-9_]+(\|[a-z0-9_]+)?", category) for category, _ in keys)


def test_every_description_is_a_short_sentence_that_says_more_than_the_name() -> None:
    for row in table():
        name, text = row["action"], row["description"]
        assert 6 <= len(text.split()) <= 16, f"{name}: {text}"
        assert text[0].isupper() and text.endswith("."), f"{name}: {text}"
        assert text.isascii() and text.isprintable() and text == text.strip(), name
        assert words(text) != words(name), name


def test_no_two_descriptions_are_the_same() -> None:
    texts = [row["description"] for row in table()]
    assert sorted(set(texts)) == sorted(texts)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("file_downloaded", "viewed"),
        ("user_channel_join", "inviter"),
        ("user_anomaly_event_reponse_allowlist_changed", "Misspelt"),
        ("user_anomaly_event_response_allowlist_changed", "misspelt twin"),
        ("audit_logs_records_searched_anomaly", "not itself an anomaly"),
        ("pref.who_can_manage_ext_shared_channels", "no longer generates"),
        ("file_download_blocked", "file_downloaded_blocked"),
        ("file_downloaded_blocked", "file_download_blocked"),
        ("team.unsupportedVersions.job.end", "twin"),
        ("user_password_reset_slack_security", "USLACKSECURITY"),
        ("pref.two_factor_auth_changed", "new_value"),
        ("workflow_unknown_action", "no longer"),
        ("pref.ent_browser_control", "SDK only"),
    ],
)
def test_traps_are_told(name: str, fact: str) -> None:
    assert fact in ours()[name].description


@pytest.mark.parametrize(
    "name",
    [
        "email_change_confirmed",
        "email_change_created",
        "pref.display_email_addresses",
        "slack_ai_agent_stream_stopped",
    ],
)
def test_names_seen_in_one_organization_only_say_so(name: str) -> None:
    assert "seen in one organization, not listed by Slack" in ours()[name].description


def test_ours_is_cached_and_cannot_be_changed() -> None:
    known = ours()
    assert ours() is known
    with pytest.raises(TypeError):
        known["mine"] = Action("mine", (), "")  # type: ignore[index]


def test_a_name_in_two_categories_keeps_both() -> None:
    assert ours()["permissions_assigned"].categories == ("message", "account_type_role")
    assert sum(len(action.categories) == 2 for action in ours().values()) == 8


def zipped(target: Path, table_text: str | None = None) -> Path:
    """Put the package's top and the catalogue into a zip, with another table if given."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in [PACKAGE / "__init__.py", *sorted((PACKAGE / "catalogue").glob("*.*"))]:
            inside = f"slack_audit_input/{path.relative_to(PACKAGE).as_posix()}"
            if table_text is not None and path.name == "actions.csv":
                archive.writestr(inside, table_text)
            else:
                archive.write(path, inside)
    return target


def run_from(archive: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import slack_audit_input.catalogue as c\n"
        "assert c.__file__.startswith(sys.argv[1]), c.__file__\n"
        "print(len(c.ours()))"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program, str(archive)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_works_from_a_zip_and_without_any_installed_package(tmp_path: Path) -> None:
    result = run_from(zipped(tmp_path / "all.zip"))
    assert (result.returncode, result.stdout) == (0, f"{ACTION_COUNT}\n"), result.stderr


def test_a_table_cut_short_is_refused(tmp_path: Path) -> None:
    lines = (PACKAGE / "catalogue" / "actions.csv").read_text(encoding="utf-8").splitlines()
    result = run_from(zipped(tmp_path / "short.zip", "\n".join(lines[:-1]) + "\n"))
    assert result.returncode != 0
    assert f"holds {ACTION_COUNT - 1} names, not {ACTION_COUNT}" in result.stderr


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    result = run_from(zipped(tmp_path / "other.zip", "name,group\nuser_login,user\n"))
    assert result.returncode != 0
    assert "has the columns" in result.stderr
