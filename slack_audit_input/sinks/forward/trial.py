# SPDX-License-Identifier: Apache-2.0
"""Trying a host: a connection, the handshake, and a record that says what it is."""

from __future__ import annotations

import json
import time
import uuid

from slack_audit_input.model.errors import ConfigError, SinkError
from slack_audit_input.sinks.forward.batches import Batch, Batches
from slack_audit_input.sinks.forward.failures import Failure, Misfit
from slack_audit_input.sinks.forward.sender import Sender

#: What tells a test record from an event, for filters and for people.
TEST_ACTION = "slack_audit_input_test"
_NOTE = "not from Slack: slack_audit_input sent it to see whether this host accepts records"


def specimen(batches: Batches) -> Batch:
    """A batch of one record that is marked as no event of Slack's."""
    now = int(time.time())
    fields = {
        "id": f"{TEST_ACTION}-{uuid.uuid4()}",
        "date_create": now,
        "action": TEST_ACTION,
        "note": _NOTE,
    }
    return next(batches.of([(now, 0, json.dumps(fields))]))


def try_host(sender: Sender, batch: Batch | None, packed: bool = False) -> None:
    """Connect and greet; with a ``batch``, have it acknowledged.

    Raises ConfigError where a setting does not fit, and SinkError otherwise.
    """
    try:
        sender.connect()
        if batch is not None:
            sender.send(batch, packed)
            sender.acknowledge(batch)
    except Misfit as failure:
        raise ConfigError(str(failure)) from None
    except Failure as failure:
        raise SinkError(str(failure)) from None
    finally:
        sender.close()
