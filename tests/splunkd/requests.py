# SPDX-License-Identifier: Apache-2.0
"""A request as the double's rooms see it: parsed once, paths collapsed and unquoted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit


class Request(NamedTuple):
    """``path``: unquoted segments, without the namespace, which is ``user`` and ``app``."""

    method: str
    path: tuple[str, ...]
    user: str
    app: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes
    key: str

    @property
    def as_json(self) -> bool:
        """Is JSON wanted, rather than Atom?"""
        return (self.form.get("output_mode") or self.query.get("output_mode")) == "json"

    def fields(self) -> dict[str, str]:
        """What the form says of the thing itself."""
        return {key: value for key, value in self.form.items() if key != "output_mode"}


def request_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """The request for ``target``, which begins with ``/services`` or ``/servicesNS``."""
    parts = urlsplit(target)
    # Double slashes come from clients that join paths carelessly; splunkd does not mind.
    # splunklib quotes a blank in a path by a plus sign, and a plus sign by %2B.
    segments = [unquote_plus(part) for part in parts.path.split("/") if part]
    user, app = "nobody", "search"
    if segments[:1] == ["servicesNS"]:
        user, app = (*segments[1:3], "-", "-")[:2]
        segments = segments[3:]
    else:
        segments = segments[1:]
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    form: dict[str, str] = {}
    if headers.get("Content-Type", "").split(";")[0] != "application/json":
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    key = key.strip() if scheme in ("Splunk", "Bearer") else ""
    return Request(method, tuple(segments), user, app, query, form, body, key)
