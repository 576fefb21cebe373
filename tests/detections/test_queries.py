# SPDX-License-Identifier: Apache-2.0
"""The detections in the languages of other products: what they can say, and what they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from sigma.correlations import SigmaCorrelationRule

from slack_audit_input.addon.detections import ELASTIC_INDEX, KUSTO_TABLE, main, queries
from tests.detections.cases import FOLDER
from tests.detections.written import detections

CORRELATIONS = {one.name for one in detections() if isinstance(one.main, SigmaCorrelationRule)}
SEQUENCES = {
    one.name
    for one in detections()
    if isinstance(one.main, SigmaCorrelationRule) and one.main.type.name == "TEMPORAL_ORDERED"
}
# Compare two fields of one event, which these languages do not do in pySigma.
FIELDS = {"own_role_raised", "role_assigned_to_oneself", "email_changed_by_another"}


@pytest.mark.parametrize(
    ("language", "missing"),
    [
        ("esql", SEQUENCES),
        ("lucene", CORRELATIONS | FIELDS),
        ("kusto", CORRELATIONS | FIELDS),
    ],
)
def test_all_but_what_cannot_be_said_is_translated(language: str, missing: set[str]) -> None:
    made = queries(detections(), language)
    assert {name for name, query in made.items() if not query} == missing


def test_esql_counts_in_windows() -> None:
    query = queries(detections(), "esql")["login_failures_for_one_account"]
    assert query.startswith(f"from {ELASTIC_INDEX}")
    assert 'action=="user_login_failed"' in query
    assert "date_trunc(10minutes" in query and "entity.user.id" in query
    assert "event_count >= 10" in query


def test_kusto_has_one_column_a_path() -> None:
    made = queries(detections(), "kusto")
    assert made["dlp_violation_deleted"] == (
        f'{KUSTO_TABLE}\n| where action =~ "native_dlp_violation_deleted"'
    )
    assert "entity_app_scopes startswith" in made["app_with_admin_scopes"]
    assert not [name for name, query in made.items() if "'" in query]


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["esql", str(FOLDER), str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert f"{len(detections()) - len(SEQUENCES)} queries" in told
    assert "cannot say: anomaly_before_privileged_act" in told
    assert len(list(tmp_path.glob("*.esql"))) == len(detections()) - len(SEQUENCES)
