# SPDX-License-Identifier: Apache-2.0
"""When a token is replaced, on a virtual clock: ahead of expiry, after faults, refused by Slack."""

from __future__ import annotations

import pytest

from slack_audit_input.model.errors import AuthError, ConfigError, RateLimited, Retryable
from slack_audit_input.slack.schedule import RETRY_MOST
from tests.tokens.fakes import HOUR, World, kept

# -- ahead of expiry -------------------------------------------------------------------------


def test_refreshed_at_two_thirds_of_its_life() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.time.now += 8 * HOUR - 1
    assert source.token().same_as(first) and world.slack.calls == 0
    world.time.now += 2
    second = source.token()
    assert not second.same_as(first) and world.slack.takes(second) and world.slack.calls == 1
    assert source.token().same_as(second) and world.slack.calls == 1


def test_chance_brings_it_forward_a_little() -> None:
    world = World()
    sooner, later = world.source(chance=lambda: 1.0), world.source(chance=lambda: 0.0)
    assert sooner.due_at() is not None and later.due_at() is not None
    assert later.due_at() - sooner.due_at() == pytest.approx(0.05 * 12 * HOUR)  # type: ignore[operator]


def test_a_year_of_rotations() -> None:
    world = World()
    source = world.source()
    for _ in range(3 * 365):
        world.time.now += 8 * HOUR
        token = source.token()
        assert world.slack.takes(token)
        source.used(token)
    assert kept(world)["serial"] == 3 * 365 + 1


def test_a_token_without_rotation_stays() -> None:
    world = World()
    credentials = world.slack.sign_in()
    pair = credentials.pair._replace(refresh=None, expires_at=None)
    world.store.text = credentials._replace(pair=pair).text()
    source = world.source()
    world.time.now += 10_000 * HOUR
    assert source.token().same_as(pair.access) and world.slack.calls == 0
    assert source.refused(pair.access) is None and world.slack.calls == 0


# -- faults ----------------------------------------------------------------------------------


def test_a_fault_ahead_of_expiry_costs_nothing() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.slack.faults = [Retryable("HTTP 500", "server")] * 3
    world.time.now += 8 * HOUR + 1
    assert source.token().same_as(first)
    assert source.token().same_as(first) and world.slack.calls == 1, "not asked again at once"
    for _ in range(10):
        world.time.now += 2
        token = source.token()
    assert not token.same_as(first) and world.slack.calls == 4
    assert world.told.actions() == ["token_not_refreshed"] * 3 + ["token_refreshed"]


def test_when_it_has_expired_the_fault_is_raised() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [Retryable("HTTP 503", "server")] * 100
    world.time.now += 13 * HOUR
    with pytest.raises(Retryable, match="503"):
        source.token()
    with pytest.raises(Retryable, match="503"):
        source.token()
    assert world.slack.calls == 1
    world.slack.faults.clear()
    world.time.now += 2
    assert world.slack.takes(source.token())


def test_slack_says_how_long_to_wait() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [RateLimited("HTTP 429", 900.0)]
    world.time.now += 8 * HOUR + 1
    source.token()
    world.time.now += 800
    source.token()
    assert world.slack.calls == 1
    world.time.now += 101
    source.token()
    assert world.slack.calls == 2


def test_an_answer_that_is_lost_is_asked_for_again_within_the_grace() -> None:
    world = World()
    source = world.source()
    world.slack.lost = [Retryable("timeout", "timeout")]
    world.time.now += 8 * HOUR + 1
    first = source.token()
    world.time.now += 2
    second = source.token()
    assert not second.same_as(first) and world.slack.takes(second)


def test_a_refresh_token_that_is_spent_is_told_while_the_access_token_goes_on() -> None:
    world = World(grace=0.0)
    source = world.source()
    world.slack.lost = [Retryable("timeout", "timeout")]
    world.time.now += 8 * HOUR + 1
    first = source.token()
    for _ in range(3):
        world.time.now += RETRY_MOST
        assert source.token().same_as(first)
    level, action, fields = world.told[-1]
    assert (level, action) == ("error", "token_not_refreshed")
    assert 0 < int(str(fields["good_for_s"])) < 4 * HOUR
    world.time.now += 5 * HOUR
    with pytest.raises(AuthError, match="invalid_refresh_token"):
        source.token()


def test_a_clock_that_jumps_back_does_not_stop_the_attempts() -> None:
    world = World()
    source = world.source()
    world.time.now += 100 * HOUR
    world.slack.faults = [Retryable("HTTP 500", "server")]
    with pytest.raises(Retryable):
        source.token()
    world.time.now -= 80 * HOUR
    assert world.slack.takes(source.token())


# -- refused by Slack ------------------------------------------------------------------------


def test_a_token_that_slack_refuses_is_replaced_at_once() -> None:
    world = World()
    source = world.source()
    first = source.token()
    other = source.refused(first)
    assert other is not None and world.slack.takes(other) and source.token().same_as(other)
    assert world.slack.calls == 1
    again = source.refused(first)
    assert again is not None and again.same_as(other) and world.slack.calls == 1, (
        "another worker is given what the first one got"
    )


def test_a_new_token_that_is_refused_too_is_not_replaced_for_ever() -> None:
    world = World()
    source = world.source()
    other = source.refused(source.token())
    assert other is not None
    assert source.refused(other) is None and world.slack.calls == 1
    world.time.now += HOUR
    assert source.refused(other) is not None and world.slack.calls == 2


def test_what_another_process_has_kept_is_used_first() -> None:
    world = World()
    mine, theirs = world.source(), world.source()
    token = mine.token()
    got = theirs.refused(token)
    assert got is not None
    found = mine.refused(token)
    assert found is not None and found.same_as(got) and world.slack.calls == 1


def test_a_sign_in_that_was_made_anew_is_found() -> None:
    world = World()
    source = world.source()
    old = source.token()
    world.slack.grants.revoke_all()
    world.store.text = world.slack.sign_in().text()
    found = source.refused(old)
    assert found is not None and world.slack.takes(found) and world.slack.calls == 0


def test_signed_out_meanwhile() -> None:
    world = World()
    source = world.source()
    world.store.delete()
    with pytest.raises(AuthError, match="signed out"):
        source.refused(source.token())
    with pytest.raises(ConfigError, match="nobody has signed in"):
        world.source()


def test_a_fault_while_it_is_replaced_is_raised() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [Retryable("HTTP 500", "server")]
    token = source.token()
    with pytest.raises(Retryable):
        source.refused(token)
    assert source.refused(token) is not None
