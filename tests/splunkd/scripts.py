# SPDX-License-Identifier: Apache-2.0
"""A modular input's script as splunkd calls it: scheme, validation, and a run."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from tests.splunkd.stream import Events

#: Seconds that a scheme or a validation may take.
PATIENCE = 120.0
#: splunkd reads pipes in pieces of its own; any size must do.
PIECE = 1 << 16


class Place(NamedTuple):
    """Where scripts run. ``environment``: what splunkd gives to its children."""

    python: Path
    home: Path
    environment: Mapping[str, str]
    uri: str
    key: Callable[[], str]
    """A session key for the next run."""


class Script:
    """The script ``bin/KIND.py`` of an app."""

    def __init__(self, place: Place, app: str, kind: str) -> None:
        self._place = place
        self._app = app
        self._kind = kind
        self.path = place.home / "etc" / "apps" / app / "bin" / f"{kind}.py"
        self._arguments: dict[str, bool] | None = None

    def scheme(self) -> ET.Element:
        """The parsed answer to ``--scheme``. Raises ValueError when there is none."""
        done = self._call(("--scheme",), "")
        if done.returncode:
            raise ValueError(f"--scheme ended with {done.returncode}: {done.stderr[-2000:]}")
        return ET.fromstring(done.stdout)  # noqa: S314 - our own script's

    def arguments(self) -> Mapping[str, bool]:
        """The scheme's arguments, and which have to be given."""
        if self._arguments is None:
            self._arguments = {
                each.get("name", ""): each.findtext("required_on_create") in ("true", "1")
                for each in self.scheme().iterfind("./endpoint/args/arg")
            }
        return self._arguments

    def check(self, name: str, params: Mapping[str, str]) -> str:
        """What ``--validate-arguments`` says against an input, or ""."""
        item = f"<item name={quoteattr(name)}>{_params(params)}</item>"
        done = self._call(("--validate-arguments",), self._document("items", item))
        if done.returncode == 0:
            return ""
        try:
            found = ET.fromstring(done.stdout).findtext("message")  # noqa: S314 - our own script's
        except ET.ParseError:
            found = None
        return found or f"The script returned with exit status {done.returncode}."

    def start(self, name: str, params: Mapping[str, str], take: Callable[[Any], None]) -> Run:
        """Start a run of one stanza. ``take``: gets events as they come."""
        stanza = f"{self._kind}://{name}"
        inside = (
            f"<configuration><stanza name={quoteattr(stanza)} app={quoteattr(self._app)}>"
            f"{_params(params)}</stanza></configuration>"
        )
        defaults = {
            "index": params.get("index", "default"),
            "source": stanza,
            "sourcetype": params.get("sourcetype", self._kind),
            "host": "double" if params.get("host", "$")[0] == "$" else params["host"],
        }
        return Run(self._command(()), self._place, self._document("input", inside), defaults, take)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [str(self._place.python), str(self.path), *arguments]

    def _call(self, arguments: Sequence[str], stdin: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd="/",
            env=dict(self._place.environment),
            timeout=PATIENCE,
            check=False,
        )

    def _document(self, root: str, inside: str) -> str:
        checkpoints = self._place.home / "var" / "lib" / "splunk" / "modinputs" / self._kind
        checkpoints.mkdir(parents=True, exist_ok=True)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>'
            "<server_host>double</server_host>"
            f"<server_uri>{self._place.uri}</server_uri>"
            f"<session_key>{self._place.key()}</session_key>"
            f"<checkpoint_dir>{escape(str(checkpoints))}</checkpoint_dir>{inside}</{root}>"
        )


class Run:
    """One run of one stanza, going on or over."""

    def __init__(
        self,
        command: Sequence[str],
        place: Place,
        stdin: str,
        defaults: Mapping[str, str],
        take: Callable[[Any], None],
    ) -> None:
        self.events = Events(defaults)
        self.errors: list[str] = []
        """Lines of stderr, which splunkd writes to its splunkd.log."""
        self._take = take
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=dict(place.environment),
            # Ctrl-C at a terminal is for the double, which then tells its children itself.
            start_new_session=True,
        )
        self._log = place.home / "var" / "log" / "splunk" / "splunkd.log"
        self._threads = [
            threading.Thread(target=self._read_out, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(stdin.encode())
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended without reading; its exit code says so

    def running(self) -> bool:
        """Does it run?"""
        return self.process.poll() is None

    def terminate(self) -> None:
        """SIGTERM, as when an input is disabled or splunkd stops."""
        self.process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit code, once all that it wrote has been taken."""
        code = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)
        return code

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            while True:
                piece = out.read1(PIECE)  # type: ignore[attr-defined]
                found = self.events.feed(piece)
                if found:
                    self._take(found)
                if not piece:
                    return

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as err:
            for line in err:
                text = line.decode("utf-8", "replace").rstrip("\n")
                self.errors.append(text)
                # With its disk full splunkd logs nothing, and reads on.
                with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                    log.write(text + "\n")


def _params(params: Mapping[str, str]) -> str:
    return "".join(
        f"<param name={quoteattr(key)}>{escape(value)}</param>" for key, value in params.items()
    )
