# SPDX-License-Identifier: Apache-2.0
"""A walk reads a stretch whole, whatever Slack does meanwhile, and says how far it has come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.collector.walk import IDLE_PAGES_ALLOWED, LIMIT_LEAST, Step, Walk
from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    GaveUp,
    ProtocolError,
    Retryable,
)
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.filters import Filters
from tests.fakes.slack import Entry, FakeSlack, entry
from tests.fakes.world import EPOCH, FakeClock

FIRST, LAST = EPOCH - 400, EPOCH - 10

Answers = Callable[[Mapping[str, "str | int"], float], Answer]


class Near:
    """A client without a network; every call takes some virtual time."""

    def __init__(self, clock: FakeClock, answers: Answers) -> None:
        self.asked: list[dict[str, str | int]] = []
        self._clock = clock
        self._answers = answers

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """One GET."""
        self.asked.append(dict(params))
        answer = self._answers({"latest": int(self._clock.now), **params}, self._clock.now)
        self._clock.now += 0.2
        return answer

    def close(self) -> None:
        """Nothing to close."""


class World:
    """A walk in virtual time."""

    def __init__(self, answers: Answers, **more: object) -> None:
        self.clock = FakeClock()
        self.near = Near(self.clock, answers)
        options: dict[str, object] = {"limit": 7, "random": Random(1), **more}
        self.walk = Walk(
            self.near,
            CallBudget(45),
            self.clock,
            self.sleep,
            **options,  # type: ignore[arg-type]
        )

    def sleep(self, seconds: float) -> None:
        """Wait at once."""
        assert seconds > 0
        self.clock.now += seconds

    def steps(self) -> list[Step]:
        """The whole stretch, with the promise of every step checked."""
        steps = []
        done_from = LAST + 1
        for step in self.walk.steps(FIRST, LAST):
            assert FIRST <= step.done_from <= done_from
            # What has been called done brings nothing more.
            assert all(s < done_from for s, _, _ in {*step.events} - {*step.page.undated})
            done_from = step.done_from
            steps.append(step)
        assert done_from == FIRST
        return steps

    def texts(self) -> list[str]:
        """The events of the whole stretch."""
        return [text for step in self.steps() for _, _, text in step.events]


def of(slack: FakeSlack) -> Answers:
    return lambda params, now: slack.get("logs", params, now)


def some(seconds: list[int]) -> list[Entry]:
    return [entry(FIRST + s, 0, number) for number, s in enumerate(seconds)]


def expected(entries: list[Entry]) -> list[str]:
    return sorted(e.text for e in entries if FIRST <= e.second <= LAST)


stretches = st.lists(st.integers(-20, LAST - FIRST + 5) | st.integers(50, 53), max_size=60)


@given(stretches, st.integers(1, 20), st.booleans(), st.sampled_from([1e9, 3.0, 0.0]))
def test_every_event_once(seconds: list[int], limit: int, split: bool, cursor_life: float) -> None:
    entries = some(seconds)
    slack = FakeSlack(entries, split_seconds=split, cursor_life=cursor_life)
    biggest = max((seconds.count(s) for s in seconds), default=0)
    if cursor_life == 0.0 and biggest >= limit:
        return  # a second that fills a page is passed with a cursor or not at all
    texts = World(of(slack), limit=limit).texts()
    assert sorted(texts) == expected(entries)


@given(stretches, st.integers(1, 1 << 30), st.integers(1, 20))
def test_every_event_once_through_faults(seconds: list[int], seed: int, limit: int) -> None:
    chance = Random(seed)

    def fault(_number: int, params: Mapping[str, object], now: float) -> Answer | None:
        kinds = [
            Answer(429, b"", retry_after="3"),
            Answer(429, b"", retry_after="an hour"),
            Answer(500, b"<html>"),
            Answer(503, b""),
            Answer(200, b'{"entries":[{"id":"cut'),
            Answer(200, b""),
            Answer(200, b"<html>glitch</html>"),
            Answer(400, b"") if params.get("cursor") else Answer(502, b""),
        ]
        return chance.choice(kinds) if chance.random() < 0.3 else None

    entries = some(seconds)
    world = World(of(FakeSlack(entries, faults=fault)), limit=limit, give_up_after=0.0)
    assert sorted(world.texts()) == expected(entries)


def test_a_second_larger_than_many_pages() -> None:
    entries = some([5] * 50 + [4, 6])
    world = World(of(FakeSlack(entries)), limit=3)
    assert sorted(world.texts()) == expected(entries)


def silent(entries: list[Entry]) -> Answers:
    """A Slack that never says anything about cursors."""

    def answers(params: Mapping[str, str | int], now: float) -> Answer:
        answer = FakeSlack(entries).get("logs", params, now)
        found = json.loads(answer.body)["entries"]
        return answer._replace(body=json.dumps({"entries": found}).encode())

    return answers


def test_a_silent_end_of_a_full_page_is_not_believed() -> None:
    entries = some(list(range(0, 90, 3)))

    texts = World(silent(entries), limit=7).texts()
    assert sorted(json.loads(t)["id"] for t in texts) == sorted(e.id for e in entries)


def test_what_lies_below_a_full_second_without_a_cursor_is_read() -> None:
    entries = some([50] * 7 + [49, 3])

    texts = World(silent(entries), limit=7).texts()
    assert sorted(json.loads(t)["id"] for t in texts) == sorted(e.id for e in entries)


def test_undated_entries_come_once_too() -> None:
    body = b'{"entries":[{"id":"a","date_create":%d},{"id":"b"},7],"response_metadata":{%s}}'
    pages = [body % (LAST, b'"next_cursor":"x"'), body % (LAST - 1, b'"next_cursor":""')]

    def page(_params: Mapping[str, str | int], _now: float) -> Answer:
        return Answer(200, pages.pop(0))

    texts = World(page).texts()
    assert sorted(t for t in texts if "date_create" not in t) == ["7", '{"id":"b"}']


def test_an_hour_of_retry_after_is_waited_for() -> None:
    def fault(number: int, _params: Mapping[str, object], _now: float) -> Answer | None:
        return Answer(429, b"", retry_after="3600") if number == 1 else None

    world = World(of(FakeSlack(some([5]), faults=fault)), give_up_after=60.0)
    assert len(world.texts()) == 1
    assert world.clock.now - EPOCH >= 3600
    assert world.walk.calls == 2


@pytest.mark.parametrize("answer", [Answer(500, b""), Answer(429, b"", retry_after="30")])
def test_it_gives_up_in_the_end(answer: Answer) -> None:
    world = World(lambda _params, _now: answer, give_up_after=300.0)
    with pytest.raises(GaveUp, match=f"HTTP {answer.status}"):
        world.steps()
    assert 300 < world.clock.now - EPOCH < 1000


def test_a_good_answer_between_faults_starts_the_patience_anew() -> None:
    def fault(number: int, _params: Mapping[str, object], now: float) -> Answer | None:
        return Answer(500, b"") if number % 4 else None

    entries = some(list(range(0, 390, 2)))
    world = World(of(FakeSlack(entries, faults=fault)), limit=2, give_up_after=60.0)
    assert sorted(world.texts()) == expected(entries)
    assert world.clock.now - EPOCH > 300


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(401, b""), AuthError, "Owner"),
        (Answer(404, b""), ConfigError, "--api-url"),
        (Answer(418, b""), ProtocolError, "418"),
        (Answer(400, b""), ProtocolError, "the future"),
        (Answer(400, b'{"ok":false,"error":"invalid_range"}'), ProtocolError, "invalid_range"),
        (Answer(200, b'{"ok":true}'), ProtocolError, "5 times in a row"),
        (
            Answer(200, b'{"entries":[{"date_create":1},{"date_create":2}]}'),
            ProtocolError,
            "not newest first",
        ),
    ],
)
def test_what_cannot_heal_ends_it(answer: Answer, error: type[CollectorError], words: str) -> None:
    world = World(lambda _params, _now: answer)
    with pytest.raises(error, match=words):
        world.steps()
    assert world.walk.calls <= 5


def test_evidence_of_an_unknown_shape_is_kept() -> None:
    world = World(lambda _params, _now: Answer(200, b'{"ok":true}'))
    with pytest.raises(ProtocolError) as caught:
        world.steps()
    assert caught.value.evidence == b'{"ok":true}'


def test_a_circle_of_pages_is_noticed() -> None:
    body = b'{"entries":[],"response_metadata":{"next_cursor":"%d"}}'
    numbers = iter(range(10**9))
    world = World(lambda _params, _now: Answer(200, body % next(numbers)))
    with pytest.raises(ProtocolError, match="circle"):
        world.steps()
    assert world.walk.calls == IDLE_PAGES_ALLOWED + 1


def test_pages_that_are_always_cut_are_asked_for_in_smaller_pieces() -> None:
    entries = some([n % 380 for n in range(3000)])
    slack = FakeSlack(entries)

    def proxy(params: Mapping[str, str | int], now: float) -> Answer:
        answer = slack.get("logs", params, now)
        if len(answer.body) > 60_000:
            raise Retryable("Slack's answer is cut", "body")
        return answer

    world = World(proxy, limit=9999)
    assert sorted(world.texts()) == expected(entries)
    limits = [int(asked["limit"]) for asked in world.near.asked]
    assert limits[0] == 9999 and LIMIT_LEAST <= limits[-1] < 1000
    # A cursor never goes with another page size than the one it was made for.
    for before, after in zip(world.near.asked, world.near.asked[1:]):
        assert before["limit"] == after["limit"] or "cursor" not in after


def test_names_that_slack_does_not_know_are_left_out() -> None:
    names = [f"known_{n}" for n in range(20)]
    entries = [entry(FIRST + n, 0, n, names[n % 20]) for n in range(100)]
    slack = FakeSlack(entries, known=frozenset(names))
    asked = (*names[:10], "unheard_of", *names[10:], "message_deleted")
    world = World(of(slack), filters=Filters(asked))
    assert sorted(world.texts()) == expected(entries)
    assert world.walk.refused == ("unheard_of", "message_deleted")
    with pytest.raises(ConfigError, match="unheard_of"):
        World(of(slack), filters=Filters(("unheard_of",))).steps()


def test_filters_of_both_kinds() -> None:
    entries = [entry(FIRST + n, 0, n, f"action_{n % 40}") for n in range(200)]
    many = tuple(f"action_{n}" for n in range(35))
    texts = World(of(FakeSlack(entries)), filters=Filters(many, ("action_3",))).texts()
    wanted = [e for n, e in enumerate(entries) if n % 40 < 35 and n % 40 != 3]
    assert sorted(texts) == expected(wanted)


def test_the_budget_is_kept() -> None:
    slack = FakeSlack(some(list(range(390))))
    world = World(of(slack), limit=1)
    world.steps()
    calls = slack.calls
    assert all(later - earlier >= 59.9 for earlier, later in zip(calls, calls[45:]))


def test_an_empty_stretch_asks_nobody() -> None:
    world = World(of(FakeSlack([])))
    assert list(world.walk.steps(10, 9)) == []
    assert world.near.asked == []
