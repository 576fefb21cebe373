# SPDX-License-Identifier: Apache-2.0
"""What one writes with splunklib: ``python writer.py LIB PAGE…``, on the add-on's own libraries.

Each entry of pages in files, parsed and dumped again, as an event of the EventWriter's.
"""

from __future__ import annotations

import json
import sys


def main(lib: str, *pages: str) -> None:
    """Write all entries."""
    sys.path.insert(0, lib)
    from splunklib.modularinput import Event, EventWriter

    writer = EventWriter()
    for page in pages:
        with open(page, "rb") as file:  # noqa: PTH123 - as one writes it
            entries = json.loads(file.read())["entries"]
        for entry in entries:
            writer.write_event(
                Event(
                    data=json.dumps(entry),
                    time=entry["date_create"],
                    source="slack:audit:acme",
                    sourcetype="slack:audit",
                    index="main",
                    host="acme",
                )
            )
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
