# SPDX-License-Identifier: Apache-2.0
"""The commands `actions` and `schemas`: what Slack's audit log can say, searchable.

Neither needs a token: Slack answers /actions and /schemas without one. Data goes to stdout,
messages to stderr. Everything that comes from the network passes `parse_actions` or
`parse_schemas` before it is shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from slack_audit_input import __version__
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
from slack_audit_input.model.errors import CallFailed, CollectorError, ConfigError
from slack_audit_input.slack.answers import document_of
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.settings import API_URL as DEFAULT_API_URL
from slack_audit_input.slack.settings import Settings, checked_url
from slack_audit_input.slack.unpack import TooLarge

# The whole answer of /actions was 30 kB in August 2026. Whatever is 500 times that is no catalogue.
_LARGEST_ANSWER = 16 * 1024 * 1024
_TIMEOUTS_S = (10.0, 30.0)


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
    try:
        url = checked_url(api_url) + path
    except ConfigError as error:
        raise click.BadParameter(str(error), param_hint="--api-url") from error
    try:
        answer = _answer(api_url, path)
    except TooLarge as error:
        raise NotUnderstood(f"{url}: {error}.") from error
    except CollectorError as error:
        raise CannotReach(
            f"Slack cannot be reached at {url}: {error}. Check the network, the proxy settings "
            "and --api-url."
        ) from error
    if answer.status == 429 or answer.status >= 500:
        raise CannotReach(f"{url} answered HTTP {answer.status}. Try again in a few minutes.")
    if answer.status != 200:
        raise NotUnderstood(f"{url} answered HTTP {answer.status}, not 200. Check --api-url.")
    try:
        return document_of(answer)
    except CallFailed as error:
        message = f"{url} answered with something else than JSON. Check --api-url."
        raise NotUnderstood(message) from error


def _answer(api_url: str, path: str) -> Answer:
    """One GET without a token; raises what `Client` does."""
    client = Client(
        Settings(
            api_url,
            timeouts=_TIMEOUTS_S,
            agent=f"slack-audit-input/{__version__}",
            body_most=_LARGEST_ANSWER,
        ),
        None,
    )
    try:
        return client.get(path, {})
    finally:
        client.close()


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
