# SPDX-License-Identifier: Apache-2.0
"""Slack's Audit Logs API on loopback, for demonstrations, tests and benchmarks.

In a process of its own (prints one line of JSON with base_url, control_url and token)::

    python -m slack_audit_input.emulator --port 0 --history-days 7 --late 0.02:1-10

In a test, over HTTP::

    with start(EmulatorOptions(live_rate=10, lateness=(Lateness(0.1, Spread(1, 10)),))) as slack:
        slack.base_url, slack.token                 # for the collector
        slack.control.fault_once("cut")             # the next call of /logs
        slack.control.set_faults(Fault("http_500", rate=0.05))
        slack.control.clock.step(3600)              # an hour later
        slack.control.summary(oldest, latest)       # count and digest of what is visible
        [row.id for row in slack.control.truth(oldest, latest)]

In a test, without network and on a virtual clock::

    emulator = Emulator(EmulatorOptions(calls_per_minute=0), started=1_790_000_000)
    status, headers, body, *_ = emulator.serve(
        {"oldest": "1789999000", "limit": "9999"}, {"Authorization": "Bearer xoxp-emulator"}, now
    )
    emulator.truth(oldest, latest, now)             # rows of (id, second, visible_at)
    Control(emulator, Clock(now, frozen=True))      # the controls of such an emulator

`Answer` has three more values, for faults: `delay`, `manner` and `pace`; over HTTP they are obeyed.
An organization is a function of its seed: every action of the catalogue and every type of entity
occurs, in every variance that is known. Entries are made when they are asked for, so a history may
be as long as one likes. GET of the control endpoint lists what it can do; `EmulatorOptions` says
all that can be set; `faults.KINDS` all that can go wrong.

Nothing here imports anything of the collector but the catalogue's table.
"""

from __future__ import annotations

from slack_audit_input.emulator.answers import Answer
from slack_audit_input.emulator.clock import Clock
from slack_audit_input.emulator.control import Control
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.emulator.faults import KINDS, Fault
from slack_audit_input.emulator.options import EmulatorOptions
from slack_audit_input.emulator.running import RunningEmulator, start
from slack_audit_input.emulator.spread import Lateness, Spread
from slack_audit_input.emulator.streams import Burst
from slack_audit_input.emulator.truth import Summary, TruthRow, part_of_digest

__all__ = [
    "KINDS",
    "Answer",
    "Burst",
    "Clock",
    "Control",
    "Emulator",
    "EmulatorOptions",
    "Fault",
    "Lateness",
    "RunningEmulator",
    "Spread",
    "Summary",
    "TruthRow",
    "part_of_digest",
    "start",
]
