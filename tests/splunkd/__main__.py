# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.splunkd HOME PACKAGE.spl``: the double from a terminal, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.splunkd.splunkd import Splunkd


def main() -> None:
    """Serve, and run what is enabled."""
    parser = argparse.ArgumentParser(prog="python -m tests.splunkd", description=__doc__)
    parser.add_argument("home", type=Path, help="folder of the state; made if it is not there")
    parser.add_argument("package", type=Path, help="the app: a .spl file or a folder")
    parser.add_argument("--kind", default="slack_audit", help="kind of inputs to run")
    parser.add_argument("--port", type=int, default=0, help="REST port (0: any)")
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    given = parser.parse_args()
    told = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: told.set())
    with Splunkd(given.home, given.python, port=given.port) as splunkd:
        app = splunkd.install(given.package)
        splunkd.run_inputs(app, given.kind)
        sys.stdout.write(f"{splunkd.url}\nAuthorization: Splunk {splunkd.session_key}\n")
        sys.stdout.flush()
        told.wait()


if __name__ == "__main__":
    main()
