# SPDX-License-Identifier: Apache-2.0
"""Token rotation: always a token that is good, and never a sign-in that is lost.

Facts. An access token of an app with token rotation lives 12 hours (``expires_in`` 43200). A
refresh token is good for one refresh: Slack's guide says that it is revoked then. Restatements of
that guide by three independent projects agree that there is a short grace in which the spent
token is taken again, and that at most two access tokens are good at a time, the oldest being
revoked; how long the grace is, none says. Not confirmed against the live service.

Rules, each of which some failure demands:

1. Refreshed at two thirds of the life (8 of 12 hours), a little earlier by chance, so that several
   processes do not ask in the same moment. A fault of Slack's or the network has then four hours
   to pass before anything is missing.
2. Before the request it is kept that a refresh has begun; whoever starts and finds that asks at
   once, for the grace is short.
3. The new pair is kept before it is used, and the old one beside it until Slack has accepted the
   new one: a refresh begins with the newest refresh token, and goes back to the one before.
4. One process refreshes at a time: under the store's lock, which dies with its holder. Whoever
   gets the lock reads what is kept first, and uses what another has put there. Stores without a
   lock compare when they write: who comes second throws his own pair away and uses the first.
5. Slack refuses the token: read what is kept, else refresh at once; but not again and again.
6. What fails ahead of expiry is told, and the present token goes on as long as it is good.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    Retryable,
    StoreError,
)
from slack_audit_input.slack.credentials import App, Credentials, Pair, credentials_in
from slack_audit_input.slack.oauth import Grant
from slack_audit_input.slack.ports import CredentialStore, Tell
from slack_audit_input.slack.schedule import Backoff, due_at
from slack_audit_input.slack.token import Token

#: Seconds for which the lock of another process is waited for. It holds it for one call to Slack.
PATIENCE = 90.0
#: A pair that is younger (seconds) is not refreshed once more because Slack refuses it, but once.
YOUNG = 60.0


class Rotation:
    """The token of the moment, from kept credentials; see ``slack.source.TokenSource``.

    ``refresh`` makes the call (``oauth.refresher``). ``wall``: unix seconds. ``chance``: a
    number from 0 to 1, once a pair. Raises ConfigError when nothing is kept, StoreError when it
    cannot be read.
    """

    def __init__(
        self,
        store: CredentialStore,
        refresh: Callable[[App, Token], Grant],
        *,
        wall: Callable[[], float],
        chance: Callable[[], float],
        tell: Tell,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._wall = wall
        self._chance = chance
        self._tell = tell
        self._patience = patience
        self._turn = threading.Lock()
        self._backoff = Backoff()
        # The serial of the pair that was asked for because Slack refused the one before.
        self._forced = 0
        self._problem: CollectorError | None = None
        # A pair that Slack has given and that could not be kept yet.
        self._unkept: Credentials | None = None
        text = store.read()
        if text is None:
            raise ConfigError(
                f"nobody has signed in yet: there are no credentials in {store.shown}"
            )
        self._adopt(text)

    @property
    def credentials(self) -> Credentials:
        """What is in use."""
        return self._credentials

    def due_at(self) -> float | None:
        """Unix seconds at which the pair is refreshed next; None for one that lasts."""
        return self._due_at

    # -- the source ------------------------------------------------------------------------

    def token(self) -> Token:
        """The present token, refreshed when it is time."""
        now = self._wall()
        if not self._is_due(now):
            return self._credentials.pair.access
        # Whoever comes meanwhile goes on with the present token, as long as that is good.
        mine = self._turn.acquire(blocking=self._expired(now))
        if not mine:
            return self._credentials.pair.access
        try:
            return self._ahead()
        finally:
            self._turn.release()

    def refused(self, token: Token) -> Token | None:
        """Another token than the one that Slack refuses: kept by another process, or new."""
        with self._turn:
            pair = self._credentials.pair
            if not pair.access.same_as(token):
                return pair.access  # another worker was here first
            young = self._wall() - pair.issued_at < YOUNG
            if self._credentials.serial != self._forced or not young:
                self._renew(token)
                self._forced = self._credentials.serial
            present = self._credentials.pair.access
            return None if present.same_as(token) else present

    def used(self, token: Token) -> None:
        """Slack has accepted the token: if it is the present one, the old one is forgotten."""
        if self._credentials.previous is None or not self._turn.acquire(blocking=False):
            return
        try:
            known = self._credentials
            if known.previous is not None and known.pair.access.same_as(token):
                self._prove(known)
        finally:
            self._turn.release()

    # -- when ------------------------------------------------------------------------------

    def _is_due(self, now: float) -> bool:
        if self._due_at is None:
            return False
        return now >= self._due_at or bool(self._credentials.begun) or self._unkept is not None

    def _expired(self, now: float) -> bool:
        ends = self._credentials.pair.expires_at
        return ends is not None and now >= ends

    def _ahead(self) -> Token:
        """Refresh when it is due; a failure only matters when the present token is no good."""
        now = self._wall()
        if not self._is_due(now):
            return self._credentials.pair.access
        if self._backoff.is_over(now):
            try:
                self._renew(None)
            except CollectorError as error:
                self._postpone(error)
        expired = self._expired(self._wall())
        if self._problem is not None and expired:
            raise self._problem.with_traceback(None)
        return self._credentials.pair.access

    def _postpone(self, error: CollectorError) -> None:
        self._problem = error
        self._backoff.failed(error, self._wall())
        ends = self._credentials.pair.expires_at or 0.0
        self._tell(
            "error" if isinstance(error, (AuthError, ConfigError)) else "warning",
            "token_not_refreshed",
            reason=str(error),
            good_for_s=max(0, int(ends - self._wall())),
        )

    # -- how -------------------------------------------------------------------------------

    def _renew(self, refused: Token | None) -> None:
        """Another pair: the one that is kept by now, or a new one. Raises CollectorError."""
        try:
            with self._store.lock(self._patience) as held:
                if not held:
                    raise Retryable(
                        f"another process holds the lock of the credentials in {self._store.shown} "
                        "and does not let go of it",
                        "credentials",
                    )
                if self._unkept is not None:
                    self._keep(self._unkept)
                elif not self._taken_over(refused):
                    self._rotate()
        except StoreError as error:
            # A full disk passes, and a splunkd that restarts is back soon.
            raise Retryable(str(error), "credentials") from None
        self._problem = None
        self._backoff.reset()

    def _taken_over(self, refused: Token | None) -> bool:
        """Take what is kept; is it a pair that needs no refresh now?"""
        text = self._read()
        if text != self._text:
            self._adopt(text)
        pair = self._credentials.pair
        if refused is not None:
            return not pair.access.same_as(refused)
        return not self._is_due(self._wall())

    def _rotate(self) -> None:
        known, now = self._credentials, self._wall()
        if known.pair.refresh is None:
            return  # it lasts: what Slack says of it is all that there is to say
        if not known.begun:
            begun = known._replace(begun=now)
            if self._store.write(begun.text(), self._text):
                self._adopt(begun.text())
            elif self._lost(known.pair):
                return
        theirs = self._credentials.begun
        try:
            pair = self._asked(self._credentials, now)
        except AuthError as error:
            if error.code != "invalid_refresh_token":
                raise
            if self._lost(known.pair):
                return
            if not self._store.exclusive and theirs != now and now - theirs < self._patience:
                raise Retryable(
                    "the refresh token is spent: another process may be about to keep what it got "
                    "for it",
                    "credentials",
                ) from None
            raise
        self._keep(self._credentials.renewed(pair))

    def _asked(self, known: Credentials, now: float) -> Pair:
        """A new pair for the newest refresh token, or for the one before."""
        tokens = [pair.refresh for pair in (known.pair, known.previous) if pair is not None]
        refused: AuthError | None = None
        for token in tokens:
            if token is None:
                continue
            try:
                return self._refresh(known.app, token).pair(now)
            except AuthError as error:
                if error.code != "invalid_refresh_token":
                    raise
                refused = refused or error
        assert refused is not None
        raise refused

    def _keep(self, following: Credentials) -> None:
        """Keep a new pair, and only then use it."""
        self._unkept = following
        text = following.text()
        if self._store.write(text, self._text):
            self._adopt(text)
            self._tell(
                "info", "token_refreshed", serial=following.serial, next_at=int(self._due_at or 0)
            )
            return
        if not self._lost(self._credentials.pair):
            # What is kept is the same pair, written by somebody else: ours is newer.
            if not self._store.write(text, self._text):
                raise Retryable("the credentials change while they are being kept", "credentials")
            self._adopt(text)

    def _lost(self, known: Pair | None = None) -> bool:
        """Somebody else was first: take what he has kept. Is it another pair than ``known``?"""
        self._adopt(self._read())
        return known is None or not self._credentials.pair.same_as(known)

    def _prove(self, known: Credentials) -> None:
        try:
            with self._store.lock(0.0) as held:
                text = known.proven().text()
                if held and self._store.write(text, self._text):
                    self._adopt(text)
        except CollectorError as error:
            # It stays beside the new one then, and does no harm there.
            self._tell("debug", "old_token_not_forgotten", reason=str(error))

    def _read(self) -> str:
        text = self._store.read()
        if text is None:
            raise AuthError(
                f"signed out: there are no credentials in {self._store.shown} any more. Sign in "
                "again"
            )
        return text

    def _adopt(self, text: str) -> None:
        credentials = credentials_in(text, self._store.shown)
        self._text, self._credentials, self._unkept = text, credentials, None
        self._due_at = due_at(credentials.pair, self._chance)
