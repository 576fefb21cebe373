# SPDX-License-Identifier: Apache-2.0
"""What token rotation needs from the rooms around it. Adapters fit by shape; none inherits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class CredentialStore(Protocol):
    """Where one account's credentials are kept, as one text. ``shown``: its place, for people.

    ``exclusive``: the lock keeps every other process off that may be at work on it.
    """

    shown: str
    exclusive: bool

    def read(self) -> str | None:
        """What is kept, None for nothing. Raises StoreError, ConfigError."""

    def write(self, text: str, instead_of: str | None) -> bool:
        """Keep ``text`` if what is kept is ``instead_of`` (None: nothing); was it?

        Either the old text or the new one is there afterwards, whatever happens on the way.
        Raises StoreError when it cannot be kept.
        """

    def lock(self, patience: float) -> AbstractContextManager[bool]:
        """Nobody else who asks for the lock has it meanwhile.

        False when it was not to be had in ``patience`` seconds. A store without locks always
        says True.
        """

    def delete(self) -> None:
        """Keep nothing any more. Raises StoreError."""


class Tell(Protocol):
    """A line for the log: level, what happened, and fields."""

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """Tell it."""
