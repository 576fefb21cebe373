# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from slack_audit_input.emulator.ratelimit import Bucket
from tests.emulator.calls import GOOD, NOW, emulator


def test_a_bucket_gives_its_capacity_at_once_and_then_its_rate() -> None:
    bucket = Bucket(60, 10)
    assert [bucket.take(0.0) for _ in range(12)] == [None] * 10 + [1, 1]
    assert bucket.take(1.0) is None
    assert bucket.take(1.1) == 1
    assert [bucket.take(1000.0) for _ in range(11)] == [None] * 10 + [1]


def test_waiting_as_told_is_enough() -> None:
    bucket = Bucket(7)
    now, calls = 0.0, 0
    while now < 600:
        wait = bucket.take(now)
        calls += wait is None
        now += wait or 0
    assert 7 * 10 <= calls <= 7 * 11 + 1


def test_other_tools_take_from_the_same_bucket() -> None:
    taken = {}
    for others in (0, 20):
        bucket = Bucket(50, others=others)
        granted = sum(bucket.take(second) is None for second in range(6000))
        taken[others] = granted
    assert 5000 <= taken[0] <= 5051
    assert 3000 <= taken[20] <= 3051
    starved = Bucket(5, 1, others=60)
    assert starved.take(0.0) is None
    assert {starved.take(float(second)) for second in range(1, 100)} == {60}


def test_a_clock_set_back_gives_nothing_and_zero_is_no_limit() -> None:
    bucket = Bucket(60, 1)
    assert bucket.take(100.0) is None
    assert bucket.take(50.0) == 1
    assert bucket.take(51.0) is None
    assert all(Bucket(0).take(0.0) is None for _ in range(1000))
    for wrong in ((-1, None, 0), (5, 0, 0), (5, None, -1)):
        with pytest.raises(ValueError, match="negative"):
            Bucket(*wrong)


def test_the_limit_is_shared_by_all_tokens_and_only_logs_counts() -> None:
    slack = emulator(calls_per_minute=50, more_tokens=("xoxp-two",))
    two = {"Authorization": "Bearer xoxp-two"}
    for _ in range(100):
        assert slack.serve({}, {"Authorization": "Bearer bad"}, NOW).status == 401
        assert slack.serve({}, {}, NOW, path="/audit/v1/actions").status == 200
    statuses = [slack.serve({"limit": "1"}, (GOOD, two)[k % 2], NOW).status for k in range(52)]
    assert statuses == [200] * 50 + [429] * 2
    refused = slack.serve({}, GOOD, NOW)
    assert refused.headers["Retry-After"] == "2"
    assert refused.body == b'{"ok":false,"error":"ratelimited"}'
    assert slack.serve({}, GOOD, NOW + 2).status == 200
    slack.change(calls_per_minute=0)
    assert {slack.serve({"limit": "1"}, GOOD, NOW).status for _ in range(60)} == {200}
    assert slack.counters.state()["rate_limited"] == 3
