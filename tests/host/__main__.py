# SPDX-License-Identifier: Apache-2.0
"""`make host`: the Splunk add-on, to be clicked through, on a double of Splunk. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from pathlib import Path

from slack_audit_input.emulator import EmulatorOptions, start
from tests.host.pages import Pages, Places
from tests.splunkd.places import KIND, REPOSITORY, splunks_python
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.tls import certificate, tls_before
from tests.splunkd.web import SplunkWeb

_WORDS = """
  {url}/

  Open it in a browser. It is a double, not a Splunk; the Slack behind it is an emulator.
  The state is kept in {home}: another `make host` goes on with it.
  Ctrl-C ends it.
"""


def _usable(option: str, port: int) -> bool:
    """Is a port free? If not, says so."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", port))
        except OSError as error:
            sys.stderr.write(
                f"Port {port} cannot be used ({error.strerror}). "
                f"Another one: make host ARGS='{option} 0'\n"
            )
            return False
    return True


def main() -> int:
    """Serve until told to stop; 2 when a port cannot be used."""
    parser = argparse.ArgumentParser(prog="make host", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="the built .spl")
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".host", help="state (.host)")
    parser.add_argument("--port", type=int, default=8000, help="of the pages (8000; 0: any)")
    parser.add_argument(
        "--slack-port", type=int, default=8990, help="of the emulator (8990), which accounts keep"
    )
    parser.add_argument(
        "--sign-in-port", type=int, default=8991, help="of the emulator's sign-in page (8991)"
    )
    parser.add_argument("--python", default="3.9", help="for the add-on: 3.9 or 3.13")
    given = parser.parse_args()
    ports = ("--port", given.port), ("--slack-port", given.slack_port)
    if not all(_usable(*port) for port in (*ports, ("--sign-in-port", given.sign_in_port))):
        return 2
    options = EmulatorOptions(port=given.slack_port, history_days=7, events_per_day=100_000)
    told = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: told.set())
    with (
        start(options) as slack,
        Splunkd(given.home.resolve(), splunks_python(given.python)) as splunkd,
        # UCC's page opens the sign-in page over https only.
        tls_before(
            slack.server.server_address[1],
            made := certificate(given.home.resolve() / "tls"),
            given.sign_in_port,
        ) as sign_in_port,
    ):
        app = splunkd.install(given.package)
        splunkd.confs.write(app, f"{app}_settings", "proxy", {"ca_file": str(made.path)})
        pages = Pages(splunkd)
        web = SplunkWeb(splunkd, app, given.port, pages)
        pages.places = Places(
            web.page("configuration"),
            web.page("inputs"),
            web.page("dashboard"),
            slack.base_url,
            slack.token,
            f"127.0.0.1:{sign_in_port}",
            options.client_id,
            options.client_secret,
        )
        web.start()
        splunkd.run_inputs(app, KIND)
        sys.stdout.write(_WORDS.format(url=web.url, home=given.home))
        sys.stdout.flush()
        told.wait()
        sys.stdout.write("  Ending the inputs…\n")
        web.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
