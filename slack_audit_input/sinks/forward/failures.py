# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with one host, named by what it says about the batch.

They stay inside this package: whoever delivers decides what follows. Each message names the host
and is for the person who runs the collector.
"""

from __future__ import annotations


class Failure(Exception):
    """One attempt brought no acknowledgement."""


class Unreachable(Failure):
    """No connection, or none that was greeted: nothing was sent, so the batch is not to blame."""


class Misfit(Failure):
    """Key, password, certificate or protocol do not fit: a person must change a setting.

    Which side's setting it is, this side cannot know, and a host may be put right while we run.
    """


class NotAccepted(Failure):
    """The host had the connection and the batch, or a part of it, and did not acknowledge it.

    It closed, reset, or was silent until the time-out: it may be dying, full, or unable to take
    this very batch.
    """
