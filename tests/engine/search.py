# SPDX-License-Identifier: Apache-2.0
"""Run the model test in this process: ``python -m tests.engine.search EXAMPLES [covering]``.

The short histories first, then random ones. Exit 1 if one of them fails.
"""

from __future__ import annotations

import sys

from _pytest.outcomes import Failed
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine import test_histories
from tests.engine.covering import CoveringMachine
from tests.engine.machine import CollectorMachine

if __name__ == "__main__":
    try:
        test_histories.test_a_dead_cursor_leaves_the_rest_of_its_window_open()
        test_histories.test_a_page_asked_for_earlier_cannot_fulfil_a_later_duty()
        run_state_machine_as_test(
            CoveringMachine if sys.argv[2:] == ["covering"] else CollectorMachine,
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
    except (Exception, Failed) as error:  # noqa: BLE001 - whatever the bug makes it fail with is a find
        sys.stderr.write(f"{type(error).__name__}: {str(error)[:300]}\n")
        sys.exit(1)
