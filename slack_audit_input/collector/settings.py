# SPDX-License-Identifier: Apache-2.0
"""What a person may set of one input's collection; names as on the command line."""

from __future__ import annotations

from typing import NamedTuple

from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.filters import Filters

#: Slack's own most (reference section 3).
PAGE_MOST = 9999
#: Nothing is older (reference section 7): 1 March 2018, 00:00 UTC.
FIRST_SECOND = 1519862400


class Settings(NamedTuple):
    """One input's settings.

    ``start``: unix second for an input without a checkpoint; None is now, by Slack's clock.
    ``workers``: for backlog and sweeps, beside one that is kept for live. ``give_up_after``:
    seconds without a good answer after which the collector ends with GaveUp; 0 means never.
    ``beat_every``: seconds between two signs of life in the store, at most. ``coverage``: write a
    coverage record for every closed hour; ``coverage_history``: also for hours before the first
    start and of backfills.
    """

    input: str
    account: str
    start: int | None
    filters: Filters = Filters()
    levels: tuple[Level, ...] = DEFAULT_LEVELS
    page_size: int = PAGE_MOST
    workers: int = 4
    calls_per_minute: int = 45
    give_up_after: float = 0.0
    beat_every: float = 7.0
    coverage: bool = True
    coverage_history: bool = True

    def checked(self) -> Settings:
        """Itself. Raises ConfigError for what no person can have meant."""
        if not 1 <= self.page_size <= PAGE_MOST:
            raise ConfigError(f"--page-size must be between 1 and {PAGE_MOST}")
        if not 1 <= self.workers <= 32:
            raise ConfigError("--workers must be between 1 and 32")
        if self.calls_per_minute < 1:
            raise ConfigError("--max-calls-per-minute must be at least 1")
        return self
