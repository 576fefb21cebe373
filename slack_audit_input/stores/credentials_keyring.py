# SPDX-License-Identifier: Apache-2.0
"""One account's credentials in the system's keyring, by the library `keyring` (an extra).

A keyring has no locks: a file in the state's folder keeps processes of this machine apart.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.stores.credentials_file import locked

#: Under which name the keyring shows them.
SERVICE = "slack-audit-input"


class CredentialsInKeyring:
    """See ``slack.ports.CredentialStore``. ``lock_file``: the same for all on this machine.

    Raises ConfigError when there is no keyring to use.
    """

    #: Of this machine's processes, and others have no way to this keyring.
    exclusive = True

    def __init__(
        self, account: str, lock_file: Path, pause: Callable[[float], object] = time.sleep
    ) -> None:
        try:
            import keyring
            import keyring.backends.fail
            import keyring.errors
        except ImportError:
            raise ConfigError(
                "the keyring needs a package: pip install 'slack-audit-input[keyring]'"
            ) from None
        self._keyring = keyring
        self._account = account
        self._lock_file = lock_file
        self._pause = pause
        self.shown = f"the keyring ({SERVICE}, {account})"
        if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring):
            raise ConfigError(
                "there is no keyring on this machine that can be used: a desktop's is there when "
                "somebody is logged in. Keep the credentials in a file: --token-store file"
            )

    def read(self) -> str | None:
        """What the keyring holds. Raises StoreError when it is locked, or fails."""
        with self._errors("read"):
            return self._keyring.get_password(SERVICE, self._account)

    def write(self, text: str, instead_of: str | None) -> bool:
        """Put ``text`` there, if it holds ``instead_of``."""
        if self.read() != instead_of:
            return False
        with self._errors("written"):
            self._keyring.set_password(SERVICE, self._account, text)
        return True

    def delete(self) -> None:
        """Remove it from the keyring."""
        if self.read() is not None:
            with self._errors("changed"):
                self._keyring.delete_password(SERVICE, self._account)

    @contextlib.contextmanager
    def lock(self, patience: float) -> Iterator[bool]:
        """The lock, on a file."""
        with locked(self._lock_file, patience, self._pause) as got:
            yield got

    @contextlib.contextmanager
    def _errors(self, done: str) -> Iterator[None]:
        try:
            yield
        # Backends are plugins and let through what their systems raise, D-Bus errors for one.
        except Exception as error:  # noqa: BLE001
            raise StoreError(
                f"{self.shown} cannot be {done} ({type(error).__name__}): is it unlocked?"
            ) from None
