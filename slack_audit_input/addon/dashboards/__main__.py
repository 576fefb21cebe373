# SPDX-License-Identifier: Apache-2.0
"""Writes the views below a folder `default`."""

from __future__ import annotations

import sys
from pathlib import Path

from slack_audit_input.addon.dashboards.views import generate

if len(sys.argv) != 2:
    sys.exit("usage: python -m slack_audit_input.addon.dashboards DEFAULT_FOLDER")
sys.stdout.write(f"{generate(Path(sys.argv[1]))} dashboards in {sys.argv[1]}\n")
