# SPDX-License-Identifier: Apache-2.0
"""Run the model test once in this process: ``python search.py EXAMPLES``; exit 1 if it fails."""

from __future__ import annotations

import sys

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.machine import CollectorMachine

if __name__ == "__main__":
    try:
        run_state_machine_as_test(
            CollectorMachine,
            settings=settings(
                max_examples=int(sys.argv[1]),
                stateful_step_count=80,
                deadline=None,
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                # Finding is enough: shrinking an example nobody reads takes minutes.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception as error:  # noqa: BLE001 - whatever the bug makes it fail with is a find
        sys.stderr.write(f"{type(error).__name__}: {str(error)[:300]}\n")
        sys.exit(1)
