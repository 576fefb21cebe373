# SPDX-License-Identifier: Apache-2.0
"""Everything that can be set about the emulator, as one value."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.emulator.answers import FORBIDDEN
from slack_audit_input.emulator.faults import Fault
from slack_audit_input.emulator.spread import Lateness, Spread
from slack_audit_input.emulator.streams import Burst

ENDS = ("empty", "null", "missing", "no_metadata")
"""What stands for "no more pages": `next_cursor` "", null, not there; no response_metadata."""

CHANGEABLE = frozenset(
    {
        "account",
        "active_tokens",
        "answer_time",
        "bare_refusals",
        "calls_at_once",
        "calls_per_minute",
        "client_id",
        "client_secret",
        "cursor_lifetime",
        "error_codes",
        "faults",
        "gzip",
        "last_cursor",
        "more_tokens",
        "other_calls_per_minute",
        "public_client",
        "redirect_urls",
        "refresh_grace",
        "refuse_with",
        "refused_actions",
        "short_pages",
        "split_seconds",
        "token",
        "token_life",
        "token_rotation",
    }
)
"""Options that may be changed while the emulator runs."""


@dataclass(frozen=True)
class EmulatorOptions:
    """Options, with their defaults. Times are unix seconds; raises ValueError for nonsense.

    What there is:
    `seed`: another seed is another organization. `events_per_day`: entries on a mean day of the
    working week. `history_days`: how far before the start the first entry is. `live_rate`:
    entries a second, evenly through day and night, from `live_from` on (default: the start)
    instead of the working week. `bursts`: on top. `lateness`: which entries appear later than
    they happened. `synthetic`: whether there is an organization beside replayed files (default:
    only without files). `replay`: files; `replay_shift`: move them to now; `undated_at`: second
    for entries without a date (default: the newest entry's).

    How Slack behaves:
    `token` and `more_tokens` are good; a token `xoxp-error-CODE` gets HTTP 403 with that code, any
    other 401. `refuse_with`: a code that every token gets. `refused_actions`: names of the
    catalogue that the filter refuses. `calls_per_minute`: 0 for no limit; `calls_at_once`: size of
    the bucket (default: the same); `other_calls_per_minute`: what other tools take.
    `cursor_lifetime`: seconds. `split_seconds`: pages of exactly `limit` entries.
    `last_cursor`: one of ENDS. `error_codes` False: HTTP 400 without a code. `short_pages`: share
    of pages that end before `limit` though more remains. `answer_time`: seconds a page takes.
    `faults`: see faults.py.

    Signing in and token rotation (see grants.py):
    `account`: one of accounts.ACCOUNTS, what everybody's token is like; `bare_refusals`: /logs
    refuses with an empty 401, whatever the reason; `client_id`, `client_secret`: of the app;
    `public_client`: it has PKCE and no secret; `redirect_urls`: beginnings of those it has, ()
    for any; `token_rotation`; `token_life`, `refresh_grace`: seconds; `active_tokens`: good at
    a time.

    How it is served:
    `host` (loopback only) and `port` (0: any); `gzip` if the client takes it; the clock shows
    `start_at` (default: the machine's time), and stands still if `frozen`.
    """

    seed: int = 1
    events_per_day: float = 60_000
    history_days: float = 30
    live_rate: float | None = None
    live_from: int | None = None
    bursts: tuple[Burst, ...] = ()
    lateness: tuple[Lateness, ...] = ()
    synthetic: bool | None = None
    replay: tuple[str, ...] = ()
    replay_shift: bool = False
    undated_at: int | None = None

    token: str = "xoxp-emulator"  # noqa: S105 - not a secret, the emulator's own
    more_tokens: tuple[str, ...] = ()
    refuse_with: str = ""
    refused_actions: frozenset[str] = frozenset()
    calls_per_minute: float = 50
    calls_at_once: float | None = None
    other_calls_per_minute: float = 0
    cursor_lifetime: float = 3600
    split_seconds: bool = False
    last_cursor: str = "empty"
    error_codes: bool = True
    short_pages: float = 0
    answer_time: Spread = field(default_factory=Spread)
    faults: tuple[Fault, ...] = ()

    account: str = "owner"
    bare_refusals: bool = False
    client_id: str = "1111111111.2222222222"
    client_secret: str = "emulated-client-secret"  # noqa: S105 - the emulator's own
    public_client: bool = False
    redirect_urls: tuple[str, ...] = ()
    token_rotation: bool = True
    token_life: float = 43_200
    refresh_grace: float = 60
    active_tokens: int = 2

    host: str = "127.0.0.1"
    port: int = 0
    gzip: bool = True
    start_at: float | None = None
    frozen: bool = False

    def __post_init__(self) -> None:
        if not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(f"the emulator listens on loopback only, not on {self.host}")
        if self.last_cursor not in ENDS:
            raise ValueError(f"the last cursor is one of {', '.join(ENDS)}, not {self.last_cursor}")
        if self.refuse_with and self.refuse_with not in (*FORBIDDEN, "invalid_authentication"):
            raise ValueError(f"{self.refuse_with} is no code that a token is refused with")
        if self.account not in ACCOUNTS:
            raise ValueError(f"an account is one of {', '.join(ACCOUNTS)}, not {self.account}")
        if self.active_tokens < 1:
            raise ValueError("at least one token is good at a time")
        if sum(late.share for late in self.lateness) > 1:
            raise ValueError("the shares of late entries are more than 1 together")
        if not 0 <= self.short_pages <= 1:
            raise ValueError(f"the share of short pages is from 0 to 1, not {self.short_pages}")
        for name in (
            "events_per_day",
            "history_days",
            "cursor_lifetime",
            "token_life",
            "refresh_grace",
        ):
            if not 0 <= getattr(self, name) < 10**9:
                raise ValueError(f"{name} cannot be {getattr(self, name)}")
