# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import socket
import time

from slack_audit_input.emulator import Emulator, EmulatorOptions, start
from slack_audit_input.emulator.measure import LIMIT, measure
from tests.emulator.calls import GOOD, NOW


def test_pages_are_made_fast_enough_for_a_benchmark() -> None:
    # A fifth of what a quiet machine does: this is no benchmark, but catches a slow hot path.
    slack = Emulator(EmulatorOptions(calls_per_minute=0, live_rate=100, live_from=10**9), NOW)
    slack.organization.content.warm()
    began = time.process_time()
    for number in range(6):
        params = {"limit": str(LIMIT), "latest": str(int(NOW) - 600 * number)}
        assert slack.serve(params, GOOD, NOW).status == 200
    assert 6 * LIMIT / (time.process_time() - began) > 60_000


def test_what_is_measured_is_pages() -> None:
    live_from = int(NOW) - 5000
    options = EmulatorOptions(
        calls_per_minute=0, live_rate=100, live_from=live_from, start_at=NOW, frozen=True
    )
    with start(options) as running:
        port = running.server.server_address[1]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for packed in (False, True):
                got = measure(2, packed, connection, int(NOW))
                assert got.entries == 2 * LIMIT
                assert got.size / got.entries > 100
        assert running.control.counters()["entries"] >= 4 * LIMIT
