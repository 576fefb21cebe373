# SPDX-License-Identifier: Apache-2.0
"""What the collector is compared with, each a process of its own: ``python loops.py NAME …``.

Every import stands where it is needed, so that each pays for its own only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


def slack_sdk_loop(base_url: str, token: str, oldest: str, latest: str, output: str) -> None:
    """What one writes with slack_sdk: page after page, each entry as a line of JSON in a file.

    Without state, retries, dedupe and fsync.
    """
    import json

    from slack_sdk.audit_logs import AuditLogsClient

    client = AuditLogsClient(token=token, base_url=base_url)
    cursor = None
    with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 - as one writes it
        while True:
            answer = client.logs(
                oldest=int(oldest), latest=int(latest), limit=9999, cursor=cursor
            ).body
            if answer is None or "entries" not in answer:
                raise SystemExit(f"no page: {answer}")
            for entry in answer["entries"]:  # noqa: FURB122 - as one writes it
                file.write(json.dumps(entry) + "\n")
            cursor = answer.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return


def loads(*pages: str) -> None:
    """``json.loads`` of pages in files, and nothing else."""
    import json

    count = 0
    for page in pages:
        with open(page, "rb") as file:  # noqa: PTH123 - less to import
            count += len(json.loads(file.read())["entries"])
    sys.stdout.write(f"{count}\n")


def loads_dumps(*pages: str) -> None:
    """``json.loads`` of pages in files, and ``json.dumps`` of each entry, written nowhere."""
    import json

    count = 0
    for page in pages:
        with open(page, "rb") as file:  # noqa: PTH123 - less to import
            for entry in json.loads(file.read())["entries"]:
                count += bool(json.dumps(entry))
    sys.stdout.write(f"{count}\n")


LOOPS: dict[str, Callable[..., None]] = {
    "slack_sdk": slack_sdk_loop,
    "loads": loads,
    "loads_dumps": loads_dumps,
}

if __name__ == "__main__":
    LOOPS[sys.argv[1]](*sys.argv[2:])
