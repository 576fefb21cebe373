# SPDX-License-Identifier: Apache-2.0
"""The commands `actions` and `schemas`: what Slack's audit log can say, searchable.

Neither needs a token: Slack answers /actions and /schemas without one. Data goes to stdout,
messages to stderr. Everything that comes from the network passes `parse_actions` or
`parse_schemas` before it is shown.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import urllib.parse
from collections.abc import Sequence
from typing import Any

import click
import requests

from slack_audit_input.catalogue import (
    Action,
    Listing,
    Schema,
    compare,
    ours,
    parse_actions,
    parse_schemas,
    search,
)

DEFAULT_API_URL = "https://api.slack.com/audit/v1/"

# The whole answer of /actions was 30 kB in August 2026. Whatever is 500 times that is no catalogue.
_LARGEST_ANSWER = 16 * 1024 * 1024
_TIMEOUTS_S = (10, 30)


class CannotReach(click.ClickException):
    """No usable answer arrived, and another attempt may succeed."""

    exit_code = 4


class NotUnderstood(click.ClickException):
    """An answer arrived that is not what Slack's API sends."""

    exit_code = 5


def fetch_document(api_url: str, path: str) -> object:
    """Return the parsed JSON of GET `api_url`/`path`, unchecked; no token is sent.

    `api_url` is https, or http to a loopback host, with or without a slash at its end; `path` is
    `actions` or `schemas`. Raises `click.BadParameter` for another URL, `CannotReach` when the
    server does not answer or asks for patience (429, 5xx), `NotUnderstood` for any other status
    than 200 (a redirect is not followed) and for a body that is not JSON.
    """
    url = f"{_checked_url(api_url)}/{path}"
    loopback = url.startswith("http://")
    try:
        with requests.Session() as session:
            session.trust_env = not loopback  # a proxy cannot reach this machine's loopback
            # The unchanged request as `auth` keeps requests from sending a password from .netrc.
            with session.get(
                url,
                headers={"Accept": "application/json"},
                auth=lambda request: request,
                timeout=_TIMEOUTS_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                status, body = response.status_code, _limited_body(response, url)
    except requests.exceptions.SSLError as error:
        raise CannotReach(
            f"The certificate of {url} cannot be verified ({_cause(error)}). If a proxy here "
            "re-signs traffic, set REQUESTS_CA_BUNDLE to its certificate file."
        ) from error
    except requests.RequestException as error:
        raise CannotReach(
            f"Slack cannot be reached at {url} ({_cause(error)}). Check the network, the proxy "
            "settings and --api-url."
        ) from error
    if status == 429 or status >= 500:
        raise CannotReach(f"{url} answered HTTP {status}. Try again in a few minutes.")
    if status != 200:
        raise NotUnderstood(f"{url} answered HTTP {status}, not 200. Check --api-url.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: nested a thousand deep
        message = f"{url} answered with something else than JSON. Check --api-url."
        raise NotUnderstood(message) from error


_api_url_option = click.option(
    "--api-url",
    envvar="SLACK_AUDIT_API_URL",
    default=DEFAULT_API_URL,
    show_default=True,
    show_envvar=True,
    help="Base URL of the Audit Logs API; http:// for a loopback host only.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table.")


@click.command()
@click.argument("words", nargs=-1)
@click.option("--category", metavar="C", help="Only actions of this category, such as file.")
@_json_option
@click.option("--offline", is_flag=True, help="Ask nobody: show our own catalogue alone.")
@click.option("--unknown", is_flag=True, help="Only what one side knows and the other does not.")
@_api_url_option
def actions(
    words: tuple[str, ...],
    category: str | None,
    as_json: bool,
    offline: bool,
    unknown: bool,
    api_url: str,
) -> None:
    """Search the actions of the audit log: Slack's list and our catalogue side by side.

    Shows the actions whose name or description holds every one of WORDS. No token is needed.
    When Slack cannot be reached, our catalogue alone is shown; --unknown then ends with 4
    (unreachable) or 5 (an answer that makes no sense).
    """
    if offline and unknown:
        raise click.UsageError("--unknown compares with Slack, so it cannot go with --offline.")
    listing: Listing | None = None
    if not offline:
        try:
            listing = _listing(api_url)
        except (CannotReach, NotUnderstood) as error:
            if unknown:
                raise
            click.echo(f"{error.message} Showing our own catalogue alone.", err=True)
    everything = _merged(listing)
    categories = sorted({name for action in everything for name in action.categories})
    if category is not None and category not in categories:
        raise click.UsageError(f"No category {category!r}. Categories: {', '.join(categories)}.")
    found = search(everything, words, category)
    if unknown and listing is not None:
        found = tuple(a for a in found if (a.name in ours()) != (a.name in listing.actions))
    if as_json:
        _print_json({"counts": _counts(listing), "actions": [_as_row(a, listing) for a in found]})
    elif found:
        rows = []
        for action in found:
            slack, mine = _listed_word(action, listing), _yes(action.name in ours())
            rows.append((action.name, "|".join(action.categories), slack, mine, action.description))
        _print_table(("action", "category", "slack", "ours", "description"), rows)
    click.echo(f"{_counts_sentence(listing)} Shown: {len(found)}.", err=True)


@click.command()
@click.argument("entity_type", metavar="[TYPE]", required=False)
@_json_option
@_api_url_option
def schemas(entity_type: str | None, as_json: bool, api_url: str) -> None:
    """Show the fields of each entity type, or of TYPE, as Slack describes them.

    No token is needed. Slack's description is incomplete: entries hold types (huddle, list,
    function) and fields that it does not name. Ends with 4 when Slack cannot be reached.
    """
    described = _schemas(api_url)
    if entity_type is not None:
        types = [schema.type for schema in described]
        if entity_type not in types:
            raise click.UsageError(
                f"Slack describes no type {entity_type!r}. Types: {', '.join(types)}."
            )
        described = tuple(schema for schema in described if schema.type == entity_type)
    if as_json:
        _print_json({"schemas": [{"type": s.type, "fields": dict(s.fields)} for s in described]})
        return
    rows = [
        (schema.type, field, " or ".join(kinds))
        for schema in described
        for field, kinds in schema.fields.items()
    ]
    _print_table(("type", "field", "kind"), rows)


def _listing(api_url: str) -> Listing:
    """Fetch and parse /actions; a shape of another kind becomes `NotUnderstood`."""
    try:
        return parse_actions(fetch_document(api_url, "actions"))
    except ValueError as error:
        raise NotUnderstood(f"Slack's answer to /actions makes no sense: {error}.") from error


def _schemas(api_url: str) -> tuple[Schema, ...]:
    """Fetch and parse /schemas; a shape of another kind becomes `NotUnderstood`."""
    try:
        return parse_schemas(fetch_document(api_url, "schemas"))
    except ValueError as error:
        raise NotUnderstood(f"Slack's answer to /schemas makes no sense: {error}.") from error


def _merged(listing: Listing | None) -> list[Action]:
    """Return our actions and those only Slack lists (undescribed), by category, then name."""
    listed = listing.actions if listing is not None else {}
    merged = []
    for name in {**ours(), **listed}:
        known = ours().get(name, Action(name, (), ""))
        categories = tuple(dict.fromkeys(known.categories + listed.get(name, ())))
        merged.append(Action(name, categories, known.description))
    return sorted(merged, key=lambda action: (action.categories, action.name))


def _counts(listing: Listing | None) -> dict[str, int | None]:
    """Count each side and what they share; None for what nobody can say without Slack."""
    if listing is None:
        unknown = dict.fromkeys(("slack", "both", "only_slack", "only_ours"))
        return {"ours": len(ours()), **unknown}
    comparison = compare(listing, ours())
    return {
        "ours": len(ours()),
        "slack": len(listing.actions),
        "both": len(comparison.both),
        "only_slack": len(comparison.only_listed),
        "only_ours": len(comparison.only_ours),
    }


def _counts_sentence(listing: Listing | None) -> str:
    """Say `_counts` in words."""
    counts = _counts(listing)
    if listing is None:
        return f"Our catalogue has {counts['ours']} actions; not compared with Slack's."
    return (
        f"Slack lists {counts['slack']} actions, our catalogue has {counts['ours']}: "
        f"{counts['both']} in both, {counts['only_slack']} only at Slack, "
        f"{counts['only_ours']} only in ours."
    )


def _as_row(action: Action, listing: Listing | None) -> dict[str, object]:
    """Return the JSON form of one action; `listed` is null when Slack was not asked."""
    return {
        "name": action.name,
        "categories": list(action.categories),
        "description": action.description or None,
        "listed": None if listing is None else action.name in listing.actions,
        "ours": action.name in ours(),
    }


def _listed_word(action: Action, listing: Listing | None) -> str:
    return "?" if listing is None else _yes(action.name in listing.actions)


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2))  # ASCII only: safe for every terminal and locale


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows below their column names: drawn on a terminal, plainly aligned elsewhere."""
    if sys.stdout.isatty():
        # Here, because rich takes longer to import than everything else in this command.
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns)
        for row in rows:
            # Text, not str: rich would take brackets in Slack's words for its own markup.
            table.add_row(*(Text(cell, overflow="fold") for cell in row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows)]
    # A name outside the locale's character set is escaped rather than ending in a traceback.
    encoding = sys.stdout.encoding or "utf-8"
    for row in (columns, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        click.echo(line.encode(encoding, "backslashreplace").decode(encoding))


def _checked_url(api_url: str) -> str:
    """Return `api_url` without the slash at its end, or raise `click.BadParameter`."""
    try:
        parts = urllib.parse.urlsplit(api_url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, a bracket that is not closed
        host, port = None, None
    if not host or port == 0 or parts.scheme not in ("http", "https"):
        raise click.BadParameter(
            f"not an http or https URL; the usual one is {DEFAULT_API_URL}", param_hint="--api-url"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise click.BadParameter(
            "holds more than a host and a path; leave out user names, ? and #",
            param_hint="--api-url",
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise click.BadParameter(
            f"http:// is for this machine's loopback only; use https:// for {host}",
            param_hint="--api-url",
        )
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return host == "localhost"


def _limited_body(response: requests.Response, url: str) -> bytes:
    """Read the body, refusing one that no catalogue could fill."""
    body = b""
    for part in response.iter_content(64 * 1024):
        body += part
        if len(body) > _LARGEST_ANSWER:
            raise NotUnderstood(f"{url} answered with more than {_LARGEST_ANSWER} bytes.")
    return body


def _cause(error: requests.RequestException) -> str:
    """Name the innermost reason in a few words: requests wraps it up to four times."""
    reason: Any = error
    while True:
        inner = getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)
        if not isinstance(inner, BaseException):
            break
        reason = inner
    # ascii(): the reason may quote what the server sent, which may be meant for the terminal.
    return f"{type(reason).__name__}: {ascii(str(reason)[:200])[1:-1]}"
