# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from tests.slack.conftest import certificate

__all__ = ["certificate"]
