# SPDX-License-Identifier: Apache-2.0
"""Every reason for asking again is counted, and ends nothing."""

from __future__ import annotations

import random
from typing import get_args

import pytest

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.retries import Retries
from slack_audit_input.model.errors import Retryable, RetryKind
from tests.fakes.world import FakeClock


@pytest.mark.parametrize("kind", get_args(RetryKind))
def test_a_call_that_failed_is_counted_and_made_again(kind: RetryKind) -> None:
    counters = Counters()
    retries = Retries(FakeClock(), random.Random(1), counters, lambda *_, **__: None, 0.0)
    assert retries.delay(Retryable("splunkd is away", kind), 1) >= 0.0
    assert counters.run[f"retry_{kind}"] == 1
