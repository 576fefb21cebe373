# SPDX-License-Identifier: Apache-2.0
"""A person at the settings pages, from an empty app to inputs; one story, told in order."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.splunkd.places import REPOSITORY
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.web import SplunkWeb
from tests.ui.conftest import TOKEN, WRONG
from tests.ui.visiting import Visit

APP = "slack_audit_input"
#: Shown in the documentation; kept there when UPDATE_PICTURES is set.
SHOWN = ("account-refused", "accounts", "input", "input-filters", "inputs", "proxy")


# One test, for it is one story, and tests are dealt out to several processes.
@pytest.mark.slow
@pytest.mark.timeout(280)
def test_settings_pages(visit: Visit, splunkd: Splunkd, web: SplunkWeb) -> None:
    accounts = visit("accounts.js")
    _account_with_a_token_that_slack_refuses(accounts)
    _account_shows_what_slack_said(accounts, splunkd)
    _account_is_edited_cloned_and_deleted(accounts, splunkd)
    inputs = visit("inputs.js")
    _input_with_filters(inputs)
    _input_is_cloned_disabled_enabled_and_deleted(inputs, splunkd)
    settings = visit("settings.js")
    _proxy_of_every_form_and_logging(settings, splunkd)
    assert "Data ingestion" in settings["dashboard"]
    _no_secret_in_answers_confs_and_logs((accounts, inputs, settings), splunkd)
    # The pages ask for nothing that web.conf does not expose.
    assert web.refused == []
    _pictures_are_kept(visit.pictures)


def _account_with_a_token_that_slack_refuses(accounts: dict[str, Any]) -> None:
    assert "Token" in accounts["noToken"]
    assert "Slack does not accept the token" in accounts["wrongToken"]
    assert "auditlogs:read" in accounts["wrongToken"]
    assert "Slack does not accept the token" in accounts["wrongOnEdit"]


def _account_shows_what_slack_said(accounts: dict[str, Any], splunkd: Splunkd) -> None:
    kept = splunkd.confs.read(APP, "slack_audit_input_account")
    assert list(kept) == ["acme"]
    assert kept["acme"]["organization"]
    assert accounts["added"][1:3] == ["acme", kept["acme"]["organization"]]
    assert re.match(r"the organization's audit log; newest entry 20", accounts["added"][3])


def _account_is_edited_cloned_and_deleted(accounts: dict[str, Any], splunkd: Splunkd) -> None:
    assert accounts["edited"] == "saved"
    assert "second" in accounts["cloned"]
    assert accounts["names"] == ["acme"]
    secrets = splunkd.call("GET", f"/servicesNS/nobody/{APP}/storage/passwords?output_mode=json")
    assert TOKEN.encode() in secrets.body
    assert b"second" not in secrets.body


def _input_with_filters(inputs: dict[str, Any]) -> None:
    assert "Start" in inputs["nonsense"] or "2026-11-01" in inputs["nonsense"]
    assert inputs["added"][1:5] == ["logins", "acme", "default", "60"]
    assert "cron" in inputs["badInterval"].lower()
    assert "*/5 * * * *" in inputs["cron"]


def _input_is_cloned_disabled_enabled_and_deleted(inputs: dict[str, Any], splunkd: Splunkd) -> None:
    assert inputs["cloned"][1:5] == ["second", "acme", "default", "120"]
    # The word stands there twice: once for those who hear the page.
    assert inputs["disabled"][5].split() == ["Disabled"] * 2
    assert inputs["enabled"][5].split() == ["Enabled"] * 2
    assert inputs["names"] == ["logins"]
    (kept,) = splunkd.inputs.stanzas(APP, "slack_audit").values()
    assert kept["actions"] == "user_login,user_logout"
    assert kept["exclude_actions"] == "user_login_failed"
    assert kept["start"] == "-2h"
    assert kept["disabled"] == "0"


def _proxy_of_every_form_and_logging(settings: dict[str, Any], splunkd: Splunkd) -> None:
    assert "A host name or an IP address alone" in settings["refused"]
    assert settings["hosts"] == {
        "proxy.example.com": 200,
        "2001:db8::1": 200,
        "192.0.2.7": 200,
    }
    assert settings["logging"] == 200
    kept = splunkd.confs.read(APP, "slack_audit_input_settings")
    assert kept["proxy"]["proxy_type"] == "socks5h"
    assert kept["proxy"]["proxy_url"] == "192.0.2.7"
    assert kept["logging"]["loglevel"] == "DEBUG"


def _no_secret_in_answers_confs_and_logs(parts: Sequence[dict[str, Any]], splunkd: Splunkd) -> None:
    answers = [each for part in parts for each in part["answers"]]
    assert len(answers) > 20
    for secret in (TOKEN, WRONG, "only-for-the-proxy"):
        assert [each["url"] for each in answers if secret in each["text"]] == []
        for path in sorted(splunkd.home.rglob("*")):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def _pictures_are_kept(pictures: Path) -> None:
    made = {path.stem for path in pictures.glob("*.png")}
    assert set(SHOWN) <= made
    kept = REPOSITORY / "docs" / "pictures"
    if os.environ.get("UPDATE_PICTURES"):
        kept.mkdir(parents=True, exist_ok=True)
        for name in SHOWN:
            shutil.copyfile(pictures / f"{name}.png", kept / f"{name}.png")
    assert set(SHOWN) <= {path.stem for path in Path(kept).glob("*.png")}
