# SPDX-License-Identifier: Apache-2.0
"""Search jobs, as far as UCC's pages ask for them: every search ends at once and finds nothing."""

from __future__ import annotations

import json

from tests.splunkd.entries import JSON_TYPE, Answer, Fail
from tests.splunkd.requests import Request

SID = "double.1"


class Searches:
    """Jobs without results. The double evaluates no SPL, and does not pretend to."""

    def answer(self, request: Request) -> Answer:
        """For ``search/[v2/]jobs…``. Raises Fail."""
        path = tuple(part for part in request.path if part != "v2")
        if path[:2] != ("search", "jobs"):
            raise Fail(404, "Not Found")
        if request.method == "POST" and len(path) == 2:
            return Answer(201, json.dumps({"sid": SID}).encode(), JSON_TYPE)
        if path[3:4] and path[3] in ("results", "results_preview", "events"):
            found = {
                "preview": False,
                "init_offset": 0,
                "messages": [],
                "fields": [],
                "results": [],
            }
            return Answer(200, json.dumps(found).encode(), JSON_TYPE)
        content = {
            "sid": SID,
            "dispatchState": "DONE",
            "isDone": True,
            "isFailed": False,
            "doneProgress": 1,
            "resultCount": 0,
            "eventCount": 0,
            "messages": [],
        }
        found = {"entry": [{"name": SID, "acl": {}, "content": content}], "messages": []}
        return Answer(200, json.dumps(found).encode(), JSON_TYPE)
