# SPDX-License-Identifier: Apache-2.0
"""The evals of props.conf by another evaluator, which the tests of searches have: the same values.

Two implementations, each written from the documentation of Splunk alone. The other one knows
fewer functions, and writes numbers with fewer digits.
"""

from __future__ import annotations

from tests.searchtime.app import DEFAULT, SOURCETYPE, App
from tests.searchtime.conf import read
from tests.searchtime.evaluating import evaluated, texts
from tests.searchtime.extraction import Fields, extracted
from tests.searchtime.samples import emulated, published
from tests.spl.evals import Expression, expression, text_of
from tests.spl.words import SplError

#: What the other evaluator cannot say, or says with fewer digits.
UNKNOWN = {"object", "object_attrs", "affected_users", "anomaly_key", "action_time"}


def others() -> dict[str, Expression]:
    found = {}
    for key, value in read(DEFAULT / "props.conf")[SOURCETYPE].items():
        if key.startswith("EVAL-"):
            try:
                found[key[len("EVAL-") :]] = expression(value)
            except SplError:
                assert key[len("EVAL-") :] in UNKNOWN
    return found


def other_value(one: Expression, fields: Fields) -> list[str] | None:
    value = one.value(fields)
    if value is None:
        return None
    return value if isinstance(value, list) else [text_of(value)]


def test_both_give_the_same() -> None:
    props = App.load().props
    compared = {name: one for name, one in others().items() if name not in UNKNOWN}
    assert len(compared) >= len(props.evals) - len(UNKNOWN)
    for sample in (*emulated()[::5], *published()):
        fields = extracted(sample.text)
        props.aliased(fields)
        for name, one in compared.items():
            mine = texts(evaluated(props.evals[name], fields))
            assert other_value(one, fields) == mine, (name, sample)
