# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: the core, its clock, its controls and the HTTP shell together."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from slack_audit_input.emulator.clock import Clock
from slack_audit_input.emulator.control import Control
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.emulator.options import EmulatorOptions
from slack_audit_input.emulator.routes import Routes
from slack_audit_input.emulator.server import Server

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass
class RunningEmulator:
    """An emulator that listens. Use it in a `with`, or call `stop`.

    `base_url`: for --api-url, `http://127.0.0.1:PORT/audit/v1/`; `control_url`: of the control
    endpoint; `token`: one that is good; `control`: the same controls in-process. `web_api_url`: of
    the Web API, where tokens are refreshed.
    """

    base_url: str
    control_url: str
    token: str
    control: Control
    server: Server

    @property
    def web_api_url(self) -> str:
        """Of the Web API: `http://127.0.0.1:PORT/api/`."""
        return f"{self.server.url}/api/"

    def stop(self) -> None:
        """Listen no more and end all connections."""
        self.server.stop()

    def line(self) -> str:
        """One line of JSON that says where it listens, for whoever started it as a process."""
        replayed = self.control.emulator.replayed
        told: dict[str, object] = {
            "base_url": self.base_url,
            "control_url": self.control_url,
            "token": self.token,
        }
        if replayed.rows:
            told["replayed"] = len(replayed.rows)
        if replayed.undated:
            told["undated"] = replayed.undated
            told["undated_second"] = replayed.undated_second
        return json.dumps(told)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(options: EmulatorOptions | None = None) -> RunningEmulator:
    """Start an emulator on loopback, in threads of this process.

    Raises OSError if it cannot listen or a file to replay cannot be read, ValueError for a file
    that is not lines of JSON.
    """
    options = options or EmulatorOptions()
    clock = Clock(options.start_at, options.frozen)
    emulator = Emulator(options, clock.now())
    control = Control(emulator, clock)
    server = Server(emulator, clock, Routes(control))
    server.start()
    # So that the first pages are as fast as the others.
    warm = emulator.organization.content.warm
    threading.Thread(target=warm, name="emulator-warm", daemon=True).start()
    return RunningEmulator(
        f"{server.url}/audit/v1/", f"{server.url}/control/", options.token, control, server
    )
