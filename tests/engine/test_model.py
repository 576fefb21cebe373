# SPDX-License-Identifier: Apache-2.0
"""The engine against the model: see machine.py for what happens and what must hold."""

from __future__ import annotations

from hypothesis import settings

from tests.engine.covering import CoveringMachine
from tests.engine.machine import CollectorMachine

_SETTINGS = settings(
    max_examples=settings.default.max_examples if settings.default else 100,
    stateful_step_count=40,
    deadline=None,
)
TestModel = CollectorMachine.TestCase
TestModel.settings = _SETTINGS
TestCoverage = CoveringMachine.TestCase
TestCoverage.settings = _SETTINGS
