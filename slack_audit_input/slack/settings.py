# SPDX-License-Identifier: Apache-2.0
"""How to reach Slack: the base URL, proxy and CA bundle, and what is checked of them first.

A token never travels in clear, and no message shows a password that stands in a URL.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.unpack import BODY_MOST

API_URL = "https://api.slack.com/audit/v1/"
#: With an h or a at the end the proxy looks up names. The Splunk add-on brings what they need.
_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


class Settings(NamedTuple):
    """How to reach Slack. ``timeouts``: connecting, and each wait for bytes, in seconds.

    ``patience``: seconds that one whole answer may take. ``proxy``: a URL, or "" for the
    environment's. ``ca_file``: a bundle (or folder) to trust instead of the usual one, or "".
    ``body_most``: bytes that an answer may have, packed as it comes.
    """

    api_url: str = API_URL
    proxy: str = ""
    ca_file: str = ""
    timeouts: tuple[float, float] = (10.0, 60.0)
    patience: float = 300.0
    agent: str = "slack-audit-input"
    body_most: int = BODY_MOST


def checked_url(url: str, option: str = "--api-url") -> str:
    """The base URL with a slash at its end. ``option``: what it is called in messages.

    Raises ConfigError unless it is https, or http to this machine itself (the emulator): a
    token never travels in clear. No message repeats a password that stands in the URL.
    """
    parts = _parts_of(url)
    if parts is None or parts.scheme not in ("https", "http"):
        shown = "" if "@" in url else f" {url!r}"
        raise ConfigError(f"{option}{shown} is no URL such as {API_URL}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(f"{option} must hold neither a user, nor a query, nor a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"{option} must begin with https://: over http the token could be read on its way "
            "(http is for this machine itself only, such as http://127.0.0.1:8080/audit/v1/)"
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def checked_proxy(url: str, api_url: str) -> str:
    """A proxy's URL for calls to ``api_url``, which has been checked.

    Raises ConfigError, without the URL, which may hold a password.
    """
    parts = _parts_of(url)
    if parts is None or parts.scheme not in ("http", "https", *_SOCKS):
        raise ConfigError("the proxy is no URL such as http://proxy.example:3128")
    if parts.scheme in _SOCKS and importlib.util.find_spec("socks") is None:
        raise ConfigError("a SOCKS proxy needs the package PySocks: pip install PySocks")
    if api_url.startswith("http:") and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            "a proxy cannot reach this machine's own address, and would be sent the token in "
            "clear: leave out --proxy, or give an --api-url that begins with https://"
        )
    return url.strip()


def checked_ca(path: str) -> str:
    """The path of a CA bundle that can be read. Raises ConfigError."""
    folder = Path(path).is_dir()
    try:
        ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(f"--ca-file {path!r} is no readable PEM file ({error})") from None
    return path


def is_loopback(host: str) -> bool:
    """Is it this machine, by address or by the name localhost?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts_of(url: str) -> SplitResult | None:
    """The parts of an absolute URL, None where it is none."""
    url = url.strip()
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
        if "[" in parts.netloc:  # Python before 3.11 takes anything in brackets
            ipaddress.ip_address(parts.hostname or "")
    except ValueError:  # a port that is no number, a bracket that does not close
        return None
    return parts if sound else None
