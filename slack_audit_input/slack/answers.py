# SPDX-License-Identifier: Apache-2.0
"""From an answer to a page, or to the error it stands for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from slack_audit_input.model.errors import CollectorError, Retryable
from slack_audit_input.model.event import Page
from slack_audit_input.model.ledger import Reading
from slack_audit_input.slack.classify import error_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.decode import decode_page
from slack_audit_input.slack.filters import Filters
from slack_audit_input.slack.unpack import inflate


def params_of(reading: Reading, filters: Filters) -> dict[str, str | int]:
    """The query of a reading: plain integers, and all of it again with every cursor.

    A cursor does not carry ``oldest``: without it the walk never ends (reference section 3.1).
    """
    params: dict[str, str | int] = {
        "oldest": reading.oldest,
        "latest": reading.latest,
        "limit": reading.limit,
        **filters.params(),
    }
    if reading.cursor:
        params["cursor"] = reading.cursor
    return params


def page_of(
    answer: Answer,
    reading: Reading,
    accept: Callable[[dict[str, Any]], bool] | None,
) -> Page:
    """The page in an answer of ``/logs``; raises the error that any other answer stands for."""
    cursor = bool(reading.cursor)
    if answer.status != 200:
        raise _error(answer, cursor)
    return decode_page(answer.body, reading.latest, accept, cursor, answer.encoding)


def document_of(answer: Answer) -> Any:
    """The JSON document in an answer of ``/actions`` or ``/schemas``.

    Raises the error that any other answer stands for, Retryable when it is not JSON.
    """
    if answer.status != 200:
        raise _error(answer, False)
    try:
        return json.loads(inflate(answer.body, answer.encoding))
    except (ValueError, RecursionError):
        raise Retryable("Slack's answer is not JSON", "body") from None


def refusal_of(answer: Answer) -> CollectorError:
    """The error that an answer other than 200 to a request without a cursor stands for."""
    return _error(answer, False)


def _error(answer: Answer, cursor: bool) -> CollectorError:
    return error_of(answer.status, _readable(answer), answer.retry_after, cursor, answer.date)


def _readable(answer: Answer) -> bytes:
    """An error's body, for its code only; a damaged one says nothing."""
    try:
        return inflate(answer.body, answer.encoding)
    except CollectorError:
        return b""
