# SPDX-License-Identifier: Apache-2.0
"""What the parts of one collector all work with."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ports import Clock, Log
from slack_audit_input.collector.settings import Settings
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.clock import SlackClock


class Around(NamedTuple):
    """Settings, clocks, budget, counters, log, known actions, and a source of jitter."""

    settings: Settings
    clock: Clock
    slack_clock: SlackClock
    budget: CallBudget
    counters: Counters
    log: Log
    names: ActionNames
    random: Random
