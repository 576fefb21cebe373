# SPDX-License-Identifier: Apache-2.0
"""``python -m slack_audit_input.emulator`` is the command `emulator`."""

from __future__ import annotations

from slack_audit_input.emulator.command import emulator

emulator(prog_name="python -m slack_audit_input.emulator")
