# SPDX-License-Identifier: Apache-2.0
"""Each setting of props.conf counts: without it, some sample event looks different.

So nothing stands there for nothing, and the evaluator runs all of it.
"""

from __future__ import annotations

import copy

import pytest

from tests.searchtime.app import DEFAULT, SOURCETYPE, App, Props
from tests.searchtime.conf import read
from tests.searchtime.measuring import emulated_fields

STANZA = read(DEFAULT / "props.conf")[SOURCETYPE]
SETTINGS = [key for key in STANZA if key.startswith(("FIELDALIAS-", "EVAL-", "LOOKUP-"))]


def made_by(setting: str) -> set[str]:
    """The fields that this setting gives."""
    alone = Props({"KV_MODE": "json", setting: STANZA[setting]})
    aliases = {alias for _, alias in alone.aliases}
    given = {field for lookup in alone.lookups for _, field in lookup.outputs}
    return {*aliases, *alone.evals, *given}


@pytest.mark.parametrize("left_out", SETTINGS)
def test_without_it_something_is_missing(left_out: str) -> None:
    app = copy.copy(App.load())
    app.props = Props({key: value for key, value in STANZA.items() if key != left_out})
    fields_of_it = made_by(left_out)
    having = [one for one in emulated_fields() if fields_of_it & set(one[1])]
    # Of all actions some; names that are newer than the table stand last.
    some = (*having[:40], *having[::11], *having[-9:])
    assert any(app.fields(sample.text) != fields for sample, fields in some)
