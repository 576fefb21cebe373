# SPDX-License-Identifier: Apache-2.0
"""Splunk Web, as far as an app's own pages need it: a page, static files, REST behind a cookie."""

from __future__ import annotations

import fnmatch
import http.cookies
import json
import mimetypes
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tests.splunkd.entries import Answer
from tests.splunkd.server import Served
from tests.splunkd.splunkd import Splunkd

ROOT = "/en-US"
RAW = f"{ROOT}/splunkd/__raw"
HTML = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
PARTS = Path(__file__).parent / "web"
#: splunkd's own paths that Splunk Web hands on; an app's are in its web.conf.
OPEN = (
    "search/*",
    "server/info",
    "data/ui/*",
    "data/inputs/*",
    "data/indexes*",
    "authentication/*",
    "apps/local*",
    "storage/passwords*",
)


class _Asked(NamedTuple):
    method: str
    target: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]


class SplunkWeb:
    """Serves the pages of one app. ``more``: pages of the caller's own, by path.

    Whoever opens a page is logged in as admin. REST wants the session's cookie, and for whatever
    writes the form key too, as Splunk Web does.
    """

    def __init__(
        self,
        splunkd: Splunkd,
        app: str,
        port: int = 0,
        more: Callable[[str], Answer | None] | None = None,
    ) -> None:
        self._splunkd = splunkd
        self._app = app
        self._more = more
        self._folder = splunkd.home / "etc" / "apps" / app
        self._session = secrets.token_hex(16)
        self._form_key = secrets.token_hex(16)
        self._served = Served(self._answer, port)
        self.port = self._served.port
        self.url = self._served.url
        self.refused: list[str] = []
        """Requests that were not let through, with the reason."""

    def start(self) -> None:
        """Begin."""
        self._served.start()

    def stop(self) -> None:
        """End."""
        self._served.stop()

    def page(self, name: str) -> str:
        """The address of one of the app's pages."""
        return f"{self.url}{ROOT}/app/{self._app}/{name}"

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        cookies = http.cookies.SimpleCookie(headers.get("Cookie", ""))
        asked = _Asked(
            method,
            target,
            unquote(urlsplit(target).path),
            headers,
            body,
            {name: each.value for name, each in cookies.items()},
        )
        if asked.path.startswith(RAW + "/"):
            return self._raw(asked)
        found = self._more(asked.path) if self._more is not None else None
        return found or self._page(asked)

    def _page(self, asked: _Asked) -> Answer:
        path = asked.path
        if path.startswith(f"{ROOT}/app/{self._app}/"):
            return self._view(path.rsplit("/", 1)[1])
        if path == f"{ROOT}/config":
            return Answer(200, self._config(), SCRIPT)
        if path == f"{ROOT}/i18ncatalog":
            return Answer(200, b"", SCRIPT)
        if path.startswith(f"{ROOT}/static/"):
            return self._static(path[len(f"{ROOT}/static/") :])
        return Answer(404, b"Not Found", "text/plain")

    def _view(self, name: str) -> Answer:
        view = self._folder / "default" / "data" / "ui" / "views" / f"{name}.xml"
        if "/" in name or not view.exists():
            return Answer(404, b"There is no such view", "text/plain")
        # template="APP:templates/base.html", a file of the app's.
        template = ET.parse(view).getroot().get("template", "")  # noqa: S314 - ours
        page = (self._folder / "appserver" / template.partition(":")[2].lstrip("/")).read_bytes()
        cookies = [
            ("Set-Cookie", f"splunkd_{self.port}={self._session}; Path=/; HttpOnly"),
            ("Set-Cookie", f"splunkweb_csrf_token_{self.port}={self._form_key}; Path=/"),
        ]
        return Answer(200, page, HTML, cookies)

    def _config(self) -> bytes:
        config = {
            "APP": self._app,
            "BUILD_NUMBER": "0",
            "BUILD_PUSH_NUMBER": "0",
            "FORM_KEY": self._form_key,
            "LOCALE": "en-US",
            "MRSPARKLE_PORT_NUMBER": self.port,
            "MRSPARKLE_ROOT_PATH": "",
            "SERVER_ZONEINFO": "",
            "SPLUNKD_PATH": RAW,
            "USERNAME": "admin",
            "VERSION_LABEL": "9.4.0",
        }
        return f"window.$C = {json.dumps(config)};".encode()

    def _static(self, path: str) -> Answer:
        parts = [part for part in path.split("/") if not part.startswith("@")]
        if ".." in parts:
            return Answer(404, b"Not Found", "text/plain")
        if parts[:2] == ["app", self._app]:
            file = self._folder / "appserver" / "static" / Path(*parts[2:])
        else:
            file = PARTS / parts[-1]
        if not file.is_file():
            return Answer(404, b"Not Found", "text/plain")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Answer(200, file.read_bytes(), SCRIPT if file.suffix == ".js" else kind)

    def _raw(self, asked: _Asked) -> Answer:
        reason = self._refusal(asked)
        if reason:
            self.refused.append(f"{asked.method} {asked.target}: {reason}")
            status = 404 if reason == "not exposed" else 401
            text = json.dumps({"messages": [{"type": "ERROR", "text": reason}]})
            return Answer(status, text.encode())
        form = asked.body.decode()
        return self._splunkd.call(asked.method, asked.target[len(RAW) :], form)

    def _refusal(self, asked: _Asked) -> str:
        if asked.cookies.get(f"splunkd_{self.port}") != self._session:
            return "not logged in"
        given = {name.lower(): value for name, value in asked.headers.items()}
        if asked.method != "GET" and given.get("x-splunk-form-key") != self._form_key:
            return "the form key is missing or wrong"
        return "" if self._is_exposed(asked) else "not exposed"

    def _is_exposed(self, asked: _Asked) -> bool:
        segments = [part for part in asked.path[len(RAW) :].split("/") if part]
        rest = "/".join(segments[3:] if segments[0] == "servicesNS" else segments[1:])
        if any(fnmatch.fnmatchcase(rest, pattern) for pattern in OPEN):
            return True
        for stanza, values in self._splunkd.confs.read(self._app, "web").items():
            if stanza.startswith("expose:") and fnmatch.fnmatchcase(rest, values["pattern"]):
                return asked.method in {each.strip() for each in values["methods"].split(",")}
        return False
