# SPDX-License-Identifier: Apache-2.0
"""64 bits for an id: the same however many come with it, and different for different ids."""

from __future__ import annotations

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.slack.keys import hash_of, keys_of
from tests import strategies


@given(st.lists(strategies.uuids | strategies.ids))
def test_ids_together_have_the_keys_they_have_alone(ids: list[str]) -> None:
    keys = keys_of(ids)
    assert keys == [key for one in ids for key in keys_of([one])]
    assert len(keys) == len(ids)
    assert all(type(key) is int and 0 <= key < 1 << 64 for key in keys)


@given(st.lists(strategies.ids, unique=True))
def test_different_ids_have_different_keys(ids: list[str]) -> None:
    assert len(set(keys_of(ids))) == len(ids)


@given(strategies.uuids)
def test_only_canonical_uuids_are_folded(name: str) -> None:
    others = {name.upper(), name.replace("-", ""), f"{{{name}}}", name[:-1], f" {name[:-1]}"}
    others |= {name[1:9] + name[0] + name[9:], name[:8] + name[9:] + "-"}
    for other in others - {name}:
        assert keys_of([other]) == [hash_of(other)]
        assert keys_of([name, other]) == [*keys_of([name]), hash_of(other)]


def test_blanks_do_not_shift_ids_into_one_another() -> None:
    # As long as a UUID, dashes in their places, but bytes.fromhex passes over blanks.
    blank = "11 11 11-1 1 -1 1 -1 1 -11 11 11 11 "
    assert len(blank) == 36
    assert keys_of([blank, blank]) == [hash_of(blank)] * 2
    blank = "        -    -    -    -            "
    assert keys_of([blank, str(uuid.UUID(int=5))]) == [
        hash_of(blank),
        *keys_of([str(uuid.UUID(int=5))]),
    ]


def made(kind: str, count: int = 50_000) -> set[str]:
    """Ids as generators of that kind make them."""
    chance = random.Random(kind)
    node, clock = chance.getrandbits(48), chance.getrandbits(14)
    start = 0x1EE5F0000000000
    numbers = {
        "v4": lambda i: uuid.UUID(int=chance.getrandbits(128), version=4),
        "v1": lambda i: uuid.UUID(
            fields=(
                (start + i * 10) & 0xFFFFFFFF,
                (start + i * 10) >> 32 & 0xFFFF,
                ((start + i * 10) >> 48 & 0xFFF) | 0x1000,
                clock >> 8 | 0x80,
                clock & 0xFF,
                node,
            )
        ),
        "v7": lambda i: uuid.UUID(
            int=(start + i) % (1 << 48) << 80 | 7 << 76 | 2 << 62 | chance.getrandbits(62)
        ),
        "counted in the last part": lambda i: uuid.UUID(int=node << 80 | i),
        "counted in the first part": lambda i: uuid.UUID(int=i << 96 | node),
        "counted in both halves": lambda i: uuid.UUID(int=i << 64 | i),
        "counted in both ends": lambda i: uuid.UUID(int=i << 96 | i),
        "squares": lambda i: uuid.UUID(int=(i % 256) << 64 | i // 256),
    }
    return {str(numbers[kind](i)) for i in range(count)}


@pytest.mark.parametrize(
    "kind",
    [
        "v4",
        "v1",
        "v7",
        "counted in the last part",
        "counted in the first part",
        "counted in both halves",
        "counted in both ends",
        "squares",
    ],
)
def test_no_generator_of_ids_collides(kind: str) -> None:
    ids = sorted(made(kind))
    assert len(set(keys_of(ids))) == len(ids) == 50_000


def test_ids_made_by_hand_do_not_collide() -> None:
    # 1111…, 2222…: what stands in samples. Their halves are equal.
    ids = [str(uuid.UUID(digit * 32)) for digit in "0123456789abcdef"]
    assert len(set(keys_of(ids))) == 16


def test_keys_are_what_states_hold_already() -> None:
    # A state on disk holds these: another fold would deliver everything once more.
    assert keys_of(["0123abcd-0000-4000-8000-00000000ffff"]) == [2021892615701347107]
    assert keys_of(["Ev\ud800"]) == [hash_of("Ev\ud800")] == [7409587577096222666]
