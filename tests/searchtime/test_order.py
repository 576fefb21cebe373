# SPDX-License-Identifier: Apache-2.0
"""The order of steps: extraction, alias, eval (all at once), lookup, event type, tag."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.searchtime.app import App, Props
from tests.searchtime.extraction import Fields

PROPS = """[slack:audit]
KV_MODE = json
FIELDALIAS-a = action AS vendor_action
EVAL-b = vendor_action . "-b"
EVAL-c = b . "-c"
EVAL-action = "evaluated"
LOOKUP-2 = words vendor_action OUTPUT word AS action
LOOKUP-3 = words action OUTPUTNEW other
"""


@pytest.fixture(name="app")
def an_app(tmp_path: Path) -> App:
    texts = {
        "props.conf": PROPS,
        "transforms.conf": "[words]\nfilename = words.csv\n",
        "eventtypes.conf": "[kind]\nsearch = action=done\n[odd]\nsearch = tag=t\n",
        "tags.conf": "[eventtype=kind]\nt = enabled\nu = disabled\n",
        "macros.conf": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return App(tmp_path, {"words.csv": "vendor_action,action,word,other\ndo,done,done,seen\n"})


def test_all_steps(app: App) -> None:
    fields = app.fields('{"action":"do"}')
    assert fields["vendor_action"] == ["do"]  # an alias sees what was extracted
    assert fields["b"] == ["do-b"]  # an eval sees an alias
    assert "c" not in fields  # and no other eval
    assert fields["action"] == ["done"]  # a lookup comes after evals and overwrites
    assert fields["other"] == ["seen"]  # lookups go by their names
    assert fields["eventtype"] == ["kind"]  # an event type sees lookups, and no tags
    assert fields["tag"] == ["t"]


def test_an_alias_without_its_source_takes_the_field_away() -> None:
    # Since 7.2.4; ASNEW would leave it.
    fields: Fields = {"uid": ["1"], "id": ["2"]}
    Props({"KV_MODE": "json", "FIELDALIAS-x": "user_id AS uid"}).aliased(fields)
    assert fields == {"id": ["2"]}


def test_an_eval_that_gives_null_leaves_no_field() -> None:
    fields: Fields = {"a": ["1"]}
    Props({"KV_MODE": "json", "EVAL-a": "null()"}).evaluate(fields)
    assert fields == {}
