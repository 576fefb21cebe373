# SPDX-License-Identifier: Apache-2.0
"""The package's own REST handlers and its inputs' life, on the double, on both Pythons."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from tests.splunkd.entries import Answer
from tests.splunkd.places import APP, KIND
from tests.splunkd.running import Running
from tests.splunkd.splunkd import Splunkd

# The package is one, and runs on Splunk's Pythons: once is enough, whichever runs the tests.
pytestmark = pytest.mark.slow
TOKEN = "xoxp-good-one-for-the-handlers"
BASE = f"/servicesNS/nobody/{APP}"
ACCOUNTS, INPUTS = f"{BASE}/{APP}_account", f"{BASE}/{APP}_{KIND}"


@pytest.fixture(scope="module")
def slack() -> Iterator[RunningEmulator]:
    options = EmulatorOptions(token=TOKEN, history_days=1, events_per_day=5000, calls_per_minute=0)
    with start(options) as running:
        yield running


def _post(splunkd: Splunkd, path: str, **form: str) -> Answer:
    return splunkd.call("POST", f"{path}?output_mode=json", urlencode(form))


def _text(answer: Answer) -> str:
    return str(json.loads(answer.body)["messages"][0]["text"])


def _content(splunkd: Splunkd, path: str, query: str = "") -> dict[str, Any]:
    answer = splunkd.call("GET", f"{path}?output_mode=json&count=-1{query}")
    assert answer.status == 200, answer.body
    return {each["name"]: each["content"] for each in json.loads(answer.body)["entry"]}


@pytest.fixture(scope="module")
def account(splunkd: Splunkd, slack: RunningEmulator) -> str:
    """An account that is saved."""
    saved = _post(
        splunkd, ACCOUNTS, name="acme", region="custom", api_url=slack.base_url, token=TOKEN
    )
    assert saved.status == 201, saved.body
    return "acme"


@pytest.fixture(scope="module")
def running(splunkd: Splunkd) -> Running:
    """Enabled inputs run from now on."""
    return splunkd.run_inputs(APP, KIND)


def _wait(what: str, seconds: float, true: Any) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def test_token_that_slack_refuses_is_not_saved(splunkd: Splunkd, slack: RunningEmulator) -> None:
    for token, word in (("xoxp-error-team_not_authorized", "one workspace"), ("xoxp-no", "Owner")):
        refused = _post(
            splunkd, ACCOUNTS, name="bad", region="custom", api_url=slack.base_url, token=token
        )
        assert refused.status >= 400
        assert word in _text(refused)
        assert token not in _text(refused)
    assert "bad" not in _content(splunkd, ACCOUNTS)


def test_address_that_would_show_the_token_is_refused(splunkd: Splunkd) -> None:
    refused = _post(
        splunkd,
        ACCOUNTS,
        name="bad",
        region="custom",
        api_url="http://slack.example/audit/v1/",
        token=TOKEN,
    )
    assert "https://" in _text(refused)


def test_no_answer_holds_the_token(splunkd: Splunkd, account: str) -> None:
    for query in ("", "&--cred--=1"):
        answer = splunkd.call("GET", f"{ACCOUNTS}/{account}?output_mode=json{query}")
        assert TOKEN.encode() not in answer.body
        assert json.loads(answer.body)["entry"][0]["content"]["token"] == "******"


def test_validation_speaks_in_the_form(splunkd: Splunkd, account: str) -> None:
    for field, value, word in (
        ("account", "nobody", "nobody"),
        ("sweeps", "600:60", "600:60"),
        ("interval", "99 99 * * *", "99"),
        ("start", "2099-01-01", "2099"),
        ("actions", "user_logim", "user_logim"),
    ):
        form = {"name": "wrong", "account": account, "index": "main", field: value}
        refused = _post(splunkd, INPUTS, **{"interval": "60", **form})
        assert refused.status >= 400, field
        assert word in _text(refused), field
    assert _content(splunkd, INPUTS) == {}


def test_life_of_an_input(splunkd: Splunkd, account: str, running: Running) -> None:
    form = {"account": account, "index": "slack", "interval": "60", "start": "-6h"}
    made = _post(splunkd, INPUTS, name="one", **form)
    assert made.status == 201, made.body
    _wait("the first events", 60, lambda: splunkd.indexes.count("slack") > 100)
    first = running.current("one")
    assert first is not None

    assert _post(splunkd, f"{INPUTS}/one/disable").status == 200
    assert first.wait(30) == 0, first.errors
    assert first.events.closed
    assert not first.events.broken
    time.sleep(0.5)
    assert running.current("one") is None

    # Enabled again, it goes on where it was: nothing twice.
    assert _post(splunkd, f"{INPUTS}/one/enable").status == 200
    _wait("another run", 30, lambda: running.current("one") is not None)
    second = running.current("one")
    assert second is not None
    # A change ends the run, and the next one has the new setting.
    assert _post(splunkd, f"{INPUTS}/one", poll_every="3").status == 200
    assert second.wait(30) == 0, second.errors
    _wait("a third run", 90, lambda: running.current("one") not in (None, second))
    ids = [json.loads(event["data"])["id"] for event in splunkd.indexes.events("slack")]
    assert len(ids) == len(set(ids))


def test_deleted_inputs_are_forgotten_if_they_say_so(
    splunkd: Splunkd, account: str, running: Running
) -> None:
    form = {"account": account, "index": "slack", "interval": "60", "start": "-1h"}
    for name, on_delete in (("kept", "keep"), ("gone", "forget")):
        made = _post(splunkd, INPUTS, name=name, on_delete=on_delete, **form)
        assert made.status == 201, made.body
        _wait(f"a checkpoint of {name}", 60, lambda name=name: name in _checkpoints(splunkd))
        deleted = splunkd.call("DELETE", f"{INPUTS}/{name}?output_mode=json")
        assert deleted.status == 200, deleted.body
        _wait(f"the end of {name}", 60, lambda name=name: running.current(name) is None)
    assert "gone" not in _content(splunkd, INPUTS)
    held = _checkpoints(splunkd)
    assert "kept" in held
    assert "gone" not in held


def _checkpoints(splunkd: Splunkd) -> str:
    kvstore = splunkd.kvstore(APP)
    return json.dumps(
        {name: kvstore.documents(name) for name in kvstore.names() if "requests" not in name}
    )
