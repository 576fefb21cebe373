# SPDX-License-Identifier: Apache-2.0
"""Add to Slack, as a person does it: the form, Slack's page in its window, and back; one story."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from tests.splunkd.places import APP, REPOSITORY, package, splunks_python
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.tls import certificate, tls_before
from tests.splunkd.web import SplunkWeb
from tests.ui.visiting import PLAYWRIGHT, Visit

CLIENT, SECRET = "1111111111.2222222222", "emulated-client-secret"
#: Accounts that cannot read an audit log, and what the form says of each.
ACCOUNTS = {
    "not_enterprise": "not an Enterprise organization",
    "workspace": "installed on one workspace",
    "not_owner": "is not an Owner of the organization",
    "wrong_scope": "auditlogs:read",
    "deactivated": "has left, or was deactivated",
    "revoked": "was revoked",
}
#: Shown in the documentation; kept there when UPDATE_PICTURES is set.
SHOWN = ("sign-in", "sign-in-cancelled")


@pytest.fixture
def slack() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(history_days=2, events_per_day=5_000)) as running:
        yield running


@pytest.fixture
def splunkd(tmp_path: Path) -> Iterator[Splunkd]:
    with Splunkd(tmp_path / "splunk", splunks_python("3.9")) as running:
        running.install(package())
        yield running


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_add_to_slack(
    slack: RunningEmulator, splunkd: Splunkd, chromium: str, tmp_path: Path
) -> None:
    made = certificate(tmp_path / "tls")
    splunkd.confs.write(APP, f"{APP}_settings", "proxy", {"ca_file": str(made.path)})
    web = SplunkWeb(splunkd, APP)
    web.start()
    with tls_before(slack.server.server_address[1], made) as port:
        visit = Visit(
            {
                "url": web.url,
                "api": slack.base_url,
                "endpoint": f"127.0.0.1:{port}",
                "control": slack.control_url,
                "client": CLIENT,
                "secret": SECRET,
                "accounts": list(ACCOUNTS),
                "playwright": str(PLAYWRIGHT),
                "chromium": chromium,
            },
            tmp_path,
        )
        found = visit("sign_in.js")
    web.stop()
    assert found["redirect"] == web.page(f"{APP}_redirect")
    _what_went_wrong_is_told_apart(found)
    _an_account_is_kept_with_all_it_needs(found, splunkd)
    _no_token_passed_through_the_browser(found, slack, splunkd)
    assert web.refused == []
    _pictures_are_kept(tmp_path)


def _what_went_wrong_is_told_apart(found: dict[str, Any]) -> None:
    assert "Client ID" in found["noClient"]
    assert "client secret is not this app's" in found["wrongSecret"]
    assert "Cancel was pressed on Slack's page" in found["cancelled"]
    assert "interrupted" in found["closed"]
    assert "not received from the expected sender" in found["foreignState"]
    for account, words in ACCOUNTS.items():
        assert words in found[account], (account, found[account])
    assert "not there any more" in found["alone"]


def _an_account_is_kept_with_all_it_needs(found: dict[str, Any], splunkd: Splunkd) -> None:
    for row in ("added", "edited", "again"):
        assert found[row][1] == "acme"
        assert found[row][3].startswith("the organization's audit log; newest entry 20")
    assert found["secretShown"] == "******"
    (kept,) = splunkd.confs.read(APP, f"{APP}_account").values()
    assert kept["auth_type"] == "oauth"
    assert int(kept["expires"]) - int(kept["issued"]) == 43_200
    (text,) = _credentials(splunkd, "configs/conf").values()
    secrets = json.loads(text)
    assert set(secrets) == {"access_token", "refresh_token", "client_secret"}
    assert secrets["client_secret"] == SECRET
    # What waited for its form is gone; the refusals of the others wait half an hour.
    waiting = [name for name in _credentials(splunkd, "slack_audit_sign_in") if name]
    assert secrets["access_token"] not in str(_credentials(splunkd, "slack_audit_sign_in"))
    assert len(waiting) <= len(ACCOUNTS)


def _credentials(splunkd: Splunkd, realm: str) -> dict[str, str]:
    answer = splunkd.call(
        "GET", f"/servicesNS/nobody/{APP}/storage/passwords?output_mode=json&count=-1"
    )
    pieces: dict[str, str] = {}
    for entry in json.loads(answer.body)["entry"]:
        content = entry["content"]
        if realm in content["realm"] and "splunk_cred_sep``S" not in content["clear_password"]:
            name = content["username"].partition("``")[0].partition(".")[0]
            pieces[name] = pieces.get(name, "") + content["clear_password"]
    return pieces


def _no_token_passed_through_the_browser(
    found: dict[str, Any], slack: RunningEmulator, splunkd: Splunkd
) -> None:
    assert len(found["answers"]) > 20
    text = json.dumps(found["answers"]) + splunkd.logs()
    for token in (*slack.control.tokens, SECRET):
        assert token not in text
    # Every token of the emulator's looks so.
    assert "xoxe" not in text


def _pictures_are_kept(pictures: Path) -> None:
    kept = REPOSITORY / "docs" / "pictures"
    if os.environ.get("UPDATE_PICTURES"):
        for name in SHOWN:
            shutil.copyfile(pictures / f"{name}.png", kept / f"{name}.png")
    assert set(SHOWN) <= {path.stem for path in kept.glob("*.png")}
