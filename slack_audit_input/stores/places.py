# SPDX-License-Identifier: Apache-2.0
"""Where a state is: the value of ``--state`` as a URL, and as it may be shown to people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from slack_audit_input.model.errors import ConfigError

#: psycopg (3) is the driver we name as an extra; the short schemes would mean psycopg2.
_SCHEMES = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg2",
}
#: Query keys whose values nobody else may see.
_SECRETS = frozenset({"password", "passfile", "sslpassword", "sslkey"})


class Place(NamedTuple):
    """``path``: of an SQLite file, or None. ``url``: of a PostgreSQL database, or None.

    ``shown``: either, without secrets. ``secrets``: what no message may repeat.
    """

    path: Path | None
    url: URL | None
    shown: str
    secrets: tuple[str, ...] = ()


def place_of(text: str) -> Place:
    """The place that ``--state`` names: a path, ``sqlite:///…`` or ``postgresql://…``.

    Raises ConfigError, without repeating what may be a password.
    """
    if "://" not in text:
        if not text.strip() or "\0" in text:
            raise ConfigError("--state is empty: give a path or postgresql://…")
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise ConfigError(f"--state {text}: there is no such user's home") from None
        return Place(path.absolute(), None, text)
    scheme, rest = text.split("://", 1)
    if scheme in ("sqlite", "sqlite+pysqlite"):
        path_text = unquote(rest[1:].partition("?")[0])
        if not rest.startswith("/") or path_text in ("", ":memory:"):
            raise ConfigError("--state: a state in memory would be forgotten; give a path")
        return Place(Path(path_text).absolute(), None, path_text)
    if scheme not in _SCHEMES:
        shown = scheme if re.fullmatch(r"[a-z0-9+]{1,20}", scheme) else "that"
        raise ConfigError(f"--state: {shown}:// is not supported; use a path or postgresql://…")
    return _postgresql(_SCHEMES[scheme], rest)


def _postgresql(scheme: str, rest: str) -> Place:
    host = rest.partition("/")[0]
    try:
        # Two of them: the parser would take the end of the password for the host.
        url = make_url(f"{scheme}://{rest}") if host.count("@") < 2 else None
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        # The parser's own words may repeat a part of the password.
        raise ConfigError(
            "--state: not a usable URL; write postgresql://user:password@host:5432/database, with "
            "special characters of the password %-encoded (@ as %40, / as %2F, : as %3A)"
        )
    hidden = {key: value for key, value in url.query.items() if key in _SECRETS}
    secrets = [str(url.password)] if url.password else []
    for value in hidden.values():
        secrets += [value] if isinstance(value, str) else list(value)
    shown = url.difference_update_query(list(hidden)).set(drivername="postgresql")
    return Place(None, url, shown.render_as_string(hide_password=True), tuple(secrets))
