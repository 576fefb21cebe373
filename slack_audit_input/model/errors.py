# SPDX-License-Identifier: Apache-2.0
"""Errors, named by what to do about them.

::

    CollectorError
    ├── ConfigError        a person must change a setting; never retried           exit 2
    ├── AuthError          a person must change the token or its installation      exit 3
    ├── GaveUp             Slack stayed unreachable for as long as was allowed     exit 4
    ├── ProtocolError      Slack's answer has a shape nobody knows; evidence kept  exit 5
    ├── SinkError          the host did not accept; nothing was committed          exit 6
    │   └── Unfinished     told to stop while it did not; nothing is wrong with us exit 0
    ├── StoreError         the checkpoint is unreadable, foreign or not writable   exit 7
    │   ├── Superseded     another collector has committed on this input           exit 7
    │   └── StoreAway      the database cannot be reached for now; a stand-by waits exit 7
    └── CallFailed         one call did not bring a page; the collector goes on
        ├── Retryable      back off with jitter, ask again
        ├── RateLimited    wait ``retry_after`` seconds, all workers
        ├── CursorRejected read on from the boundary second without the cursor
        └── Refused        HTTP 400 to a request without a cursor

Every message is for the person who runs the collector: what happened, and what to do.
No message ever holds a token.
"""

from __future__ import annotations

from typing import Literal

#: Why a call is made again; the counters have one ``retry_…`` for each.
RetryKind = Literal[
    "network", "timeout", "server", "body", "shape", "redirect", "range", "credentials"
]


class CollectorError(Exception):
    """Root of the tree. ``exit_code`` is what the command exits with."""

    exit_code = 1


class ConfigError(CollectorError):
    """A setting is wrong; the message says which and what would be right."""

    exit_code = 2


class AuthError(CollectorError):
    """Slack refuses the token; the message says which kind of token is needed.

    ``code`` is Slack's error code, "" when its answer had none.
    """

    exit_code = 3

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class GaveUp(CollectorError):
    """Retried for as long as allowed. The state is kept; the next run goes on from there."""

    exit_code = 4


class ProtocolError(CollectorError):
    """Slack answered in a way that is not understood. ``evidence`` is the answer's beginning."""

    exit_code = 5

    def __init__(self, message: str, evidence: bytes = b"") -> None:
        super().__init__(message)
        self.evidence = evidence


class SinkError(CollectorError):
    """Events were not accepted where they should go; nothing of that page is checkpointed."""

    exit_code = 6


class Unfinished(SinkError):
    """Told to stop while the host did not accept: the page in hand comes again."""

    exit_code = 0


class StoreError(CollectorError):
    """The state cannot be read or written. It is never taken for "no checkpoint"."""

    exit_code = 7


class Superseded(StoreError):
    """Somebody else committed on this input since we read it: we lost, and stop."""


class StoreAway(StoreError):
    """The database cannot be reached at the moment: what it holds is well, try again later."""


class CallFailed(CollectorError):
    """One call brought no page. ``kind`` is the counter it goes under."""

    kind = "failed"


class Retryable(CallFailed):
    """Time-out, reset, 5xx, cut or non-JSON body: ask again after a back-off."""

    def __init__(self, message: str, kind: RetryKind = "network") -> None:
        super().__init__(message)
        self.kind = kind


class RateLimited(CallFailed):
    """HTTP 429. ``retry_after`` is in seconds and holds for the whole organization."""

    kind = "rate_limited"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CursorRejected(CallFailed):
    """HTTP 400 to a request with a cursor: normal, cursors die (reference section 3.1)."""

    kind = "cursor_rejected"


class Refused(CallFailed):
    """HTTP 400 to a request without a cursor; ``code`` is Slack's error code, often empty."""

    kind = "refused"

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
