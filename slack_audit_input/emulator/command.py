# SPDX-License-Identifier: Apache-2.0
"""The command `emulator`: options in, a line of JSON out, then serving until SIGTERM or SIGINT."""

from __future__ import annotations

import datetime as dt
import signal
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.emulator.faults import KINDS, Fault
from slack_audit_input.emulator.options import ENDS, EmulatorOptions
from slack_audit_input.emulator.running import start
from slack_audit_input.emulator.spread import Lateness, Spread
from slack_audit_input.emulator.streams import Burst

T = TypeVar("T", bound="Callable[..., Any] | click.Command")
_DEFAULTS = EmulatorOptions()
_STOPPING = {signal.SIGTERM, signal.SIGINT}


def reading(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that reads the text of an option; a ValueError is the user's mistake."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            if isinstance(value, (tuple, list)):
                return tuple(parse(str(one)) for one in value)
            return None if value is None else parse(str(value))
        except (ValueError, OverflowError) as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


def moment(text: str) -> float:
    """Unix seconds, `+60` or `-86400` (from now), or an ISO time (UTC if it names no zone)."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        iso = text[:-1] + "+00:00" if text.endswith("Z") else text
        found = dt.datetime.fromisoformat(iso)
        zone = found.tzinfo or dt.timezone.utc
        return found.replace(tzinfo=zone).timestamp()
    return time.time() + seconds if text[0] in "+-" else seconds


def _burst(text: str) -> Burst:
    begin, colon, rest = text.partition(":")
    return Burst.parse(f"{int(moment(begin))}{colon}{rest}") if colon else Burst.parse(text)


def option(*names: str, **settings: Any) -> Callable[[T], T]:
    """An option with its environment variable; its default is that of EmulatorOptions."""
    field = names[0][2:].split("/")[0].replace("-", "_")
    settings.setdefault("envvar", f"SLACK_AUDIT_EMULATOR_{field.upper()}")
    settings.setdefault("show_envvar", True)
    if not settings.get("multiple"):
        settings.setdefault("default", getattr(_DEFAULTS, field, None))
    settings.setdefault("show_default", settings.get("default") not in (None, "", ()))
    return click.option(*names, **settings)


@click.command(
    epilog="Kinds of faults: "
    + "; ".join(f"{kind}: {words}" for kind, words in KINDS.items())
    + ".",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 is any free one.")
@option("--host", help="Address to listen on: loopback only.")
@option("--seed", type=int, help="Another seed is another organization.")
@option("--events-per-day", type=click.FloatRange(0), help="Entries on a mean day of the week.")
@option("--history-days", type=click.FloatRange(0), help="How far back the first entry is.")
@option(
    "--live-rate",
    type=click.FloatRange(0),
    metavar="PER_SECOND",
    help="Entries a second, day and night, instead of the working week.",
)
@option(
    "--live-from",
    callback=reading(moment),
    metavar="TIME",
    help="Since when --live-rate holds. Default: the start.",
)
@option(
    "--burst",
    multiple=True,
    callback=reading(_burst),
    metavar="START:SECONDS:COUNT",
    help="COUNT more entries in SECONDS from START; repeatable.",
)
@option(
    "--late",
    multiple=True,
    callback=reading(Lateness.parse),
    metavar="SHARE:LEAST-MOST[:heavy]",
    help="This share of entries appears so many seconds late, evenly or (heavy) evenly in the "
    "logarithm; repeatable, e.g. --late 0.02:1-10 --late 0.001:1-64800:heavy.",
)
@option(
    "--replay",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Serve the real entries in FILE, one a line, byte for byte; repeatable.",
)
@option("--replay-shift", is_flag=True, help="Move replayed entries so that the newest is now.")
@option(
    "--undated-at",
    callback=reading(moment),
    metavar="TIME",
    help="Where replayed entries without a date stand. Default: with the newest.",
)
@option(
    "--synthetic/--no-synthetic",
    default=None,
    help="Whether there is a synthetic organization. Default: only without --replay.",
)
@option("--token", help="The token that is good. xoxp-error-CODE gets HTTP 403 with that code.")
@option("--more-token", multiple=True, help="Another good token; all share one limit; repeatable.")
@option("--refuse-with", metavar="CODE", help="Refuse every token with this error code.")
@option(
    "--refuse-action",
    multiple=True,
    metavar="NAME",
    help="Refuse this action in filters though it is in the catalogue; repeatable.",
)
@option(
    "--account",
    type=click.Choice(tuple(ACCOUNTS)),
    help="What the account is like that signs in, or whose token is used.",
)
@option("--bare-refusals", is_flag=True, help="Refuse tokens without saying why.")
@option("--client-id", help="Of the app that is signed in to.")
@option("--client-secret", help="Of the same.")
@option("--public-client", is_flag=True, help="The app has PKCE, and no client secret counts.")
@option(
    "--redirect-url",
    multiple=True,
    metavar="URL",
    help="A redirect URL of the app, or a beginning of some; repeatable. Default: any.",
)
@option(
    "--token-rotation/--no-token-rotation",
    help="Whether tokens of a sign-in end and are refreshed.",
)
@option(
    "--token-life",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="How long one of them is good. Slack's: 12 hours.",
)
@option(
    "--refresh-grace",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="How long a spent refresh token is taken again.",
)
@option(
    "--active-tokens",
    type=click.IntRange(1),
    help="How many access tokens of a sign-in are good at a time.",
)
@option("--calls-per-minute", type=click.FloatRange(0), help="The rate limit; 0 is none.")
@option("--calls-at-once", type=click.FloatRange(1), help="Size of its bucket. Default: the same.")
@option(
    "--other-calls-per-minute",
    type=click.FloatRange(0),
    help="Calls that other tools of the organization take from the limit.",
)
@option(
    "--cursor-lifetime",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="After this a cursor is refused with HTTP 400.",
)
@option(
    "--split-seconds",
    is_flag=True,
    help="Pages of exactly --limit entries, which may split "
    "a second. Slack's never do, and are longer instead.",
)
@option("--last-cursor", type=click.Choice(ENDS), help="How the last page says so.")
@option("--error-codes/--no-error-codes", help="Whether HTTP 400 comes with an error code.")
@option(
    "--short-pages",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Share of pages that end early though more remains.",
)
@option(
    "--answer-time",
    callback=reading(Spread.parse),
    metavar="SECONDS[-MOST[:heavy]]",
    default="0",
    help="Seconds that a page takes, fixed or from a distribution.",
)
@option(
    "--fault",
    multiple=True,
    callback=reading(Fault.parse),
    metavar="KIND=RATE|KIND@CALLS[:VALUE]",
    help="A fault, for a share of calls or for calls by number; repeatable, e.g. "
    "--fault http_500=0.05 --fault rate_limited@3,9:3600.",
)
@option("--gzip/--no-gzip", help="Compress for clients that take it.")
@option(
    "--start-at",
    callback=reading(moment),
    metavar="TIME",
    help="What the clock shows at the start. Default: now.",
)
@option(
    "--frozen", is_flag=True, help="The clock stands still until the control endpoint moves it."
)
def emulator(**given: Any) -> None:
    """Slack's Audit Logs API on loopback.

    Prints one line of JSON once it listens: base_url (for --api-url), control_url and token. Then
    serves until SIGTERM or Ctrl-C. GET of control_url lists what can be changed while it runs:
    clock, faults, traffic, settings; and what can be asked: truth and counters.

    TIME is unix seconds, +60 or -86400 (seconds from this machine's time), or an ISO time.
    """
    # Waited for, not handled: a handler that sets an event while the event is about to be waited
    # for takes the same lock twice. Blocked before there are threads, which inherit that.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        with start(options_from(given)) as running:
            click.echo(running.line())
            signal.sigwait(_STOPPING)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot start: {error}") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def options_from(given: dict[str, Any]) -> EmulatorOptions:
    """The options that the command's values stand for. Raises ValueError."""
    values = dict(given)
    for name, plural in (
        ("burst", "bursts"),
        ("late", "lateness"),
        ("fault", "faults"),
        ("more_token", "more_tokens"),
        ("redirect_url", "redirect_urls"),
        ("replay", "replay"),
    ):
        values[plural] = tuple(values.pop(name))
    values["refused_actions"] = frozenset(values.pop("refuse_action"))
    for name in ("live_from", "undated_at"):
        values[name] = None if values[name] is None else int(values[name])
    return EmulatorOptions(**values)
