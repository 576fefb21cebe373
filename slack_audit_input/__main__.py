# SPDX-License-Identifier: Apache-2.0
"""``python -m slack_audit_input`` is the command."""

from __future__ import annotations

from slack_audit_input.hosts.cli.main import main

main()
