# SPDX-License-Identifier: Apache-2.0
"""The detections of this checkout, read once."""

from __future__ import annotations

import functools

from slack_audit_input.addon.rules import Detection, read
from tests.detections.cases import FOLDER


@functools.cache
def detections() -> tuple[Detection, ...]:
    return tuple(read(FOLDER))
