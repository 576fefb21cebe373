# SPDX-License-Identifier: Apache-2.0
"""splunkd's REST, through the Splunk SDK: one connection, with time-outs."""

from __future__ import annotations

import functools
import json
import logging
import os
from typing import Any
from urllib.parse import quote, urlsplit

from solnlib import splunk_rest_client
from solnlib.credentials import CredentialManager, CredentialNotExistException
from splunklib import binding

from slack_audit_input.hosts.splunk import APP
from slack_audit_input.model.errors import GaveUp
from slack_audit_input.stores.kvstore_rest import Reply

#: Seconds for connecting, and for splunkd's next bytes. The SDK itself would wait for ever.
TIMEOUTS = (10.0, 60.0)
#: solnlib tries a call six times before it says anything, which no stop could interrupt; we wait
#: ourselves. Once more is for a connection that splunkd has closed meanwhile.
splunk_rest_client.MAX_REQUEST_RETRIES = 1
_JSON = [("Content-Type", "application/json")]


class Splunkd:
    """One session with splunkd.

    ``scheme``, ``host``, ``port``: where it listens; without them solnlib looks, which takes
    two more calls and works inside Splunk only.
    """

    def __init__(
        self,
        session_key: str,
        scheme: str | None = None,
        host: str | None = None,
        port: int | None = None,
    ) -> None:
        # The SDK and solnlib report every failed call with a traceback to the root logger, whose
        # last resort is stderr. What matters of it we say ourselves, once.
        if not logging.getLogger().handlers:
            logging.getLogger().addHandler(logging.NullHandler())
        self._session_key = session_key
        self._where = {"scheme": scheme, "host": host, "port": port}
        # splunkd is this machine: a proxy for the world outside cannot reach it.
        for name in ("NO_PROXY", "no_proxy"):
            known = os.environ.get(name, "")
            local = ",".join(filter(None, (known, host, "127.0.0.1,localhost,::1")))
            os.environ[name] = local
        try:
            self._service = splunk_rest_client.SplunkRestClient(
                session_key, APP, pool_connections=2, pool_maxsize=2, **self._where
            )
        except Exception as error:  # noqa: BLE001 - solnlib asks splunkd where it is: of many kinds
            raise _gave_up(type(error).__name__) from None
        http = self._service.http
        http.handler = functools.partial(http.handler, timeout=TIMEOUTS)

    @classmethod
    def at(cls, uri: str, session_key: str) -> Splunkd:
        """The one that splunkd names to a modular input as ``server_uri``."""
        parts = urlsplit(uri)
        return cls(session_key, parts.scheme, parts.hostname, parts.port)

    def collections(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        """One request to the KV store; see ``stores.kvstore_rest.Call``."""
        return self._call(method, f"storage/collections/{path}", query, body)

    def content(self, path: str) -> dict[str, str] | None:
        """What an object under ``path`` holds; None when there is none. Raises GaveUp."""
        return next(iter(self.contents(path).values()), None)

    def contents(self, path: str) -> dict[str, dict[str, str]]:
        """What all objects under ``path`` hold, by name. Raises GaveUp."""
        try:
            reply = self._call("GET", path, {"output_mode": "json", "count": "-1"}, "")
            if reply.status == 404:
                return {}
            if reply.status != 200:
                raise _gave_up(f"HTTP {reply.status}")
            entries = json.loads(reply.body)["entry"]
            found = {str(entry["name"]): entry["content"] for entry in entries}
        except OSError as error:
            raise _gave_up(type(error).__name__) from None
        except (ValueError, LookupError, TypeError, RecursionError):
            raise _gave_up("an answer that is not understood") from None
        return {
            name: {key: str(value) for key, value in content.items() if value is not None}
            for name, content in found.items()
            if isinstance(content, dict)
        }

    def secrets(self, conf: str, stanza: str) -> dict[str, Any] | None:
        """The encrypted fields of a stanza, in clear; None when there are none. Raises GaveUp."""
        realm = f"__REST_CREDENTIAL__#{APP}#configs/conf-{conf}"
        try:
            text = CredentialManager(
                self._session_key, APP, realm=realm, **self._where
            ).get_password(stanza)
            found = json.loads(text)
        except CredentialNotExistException:
            return None
        except (
            *(binding.HTTPError, binding.AuthenticationError, OSError),
            *(ValueError, TypeError, RecursionError),
        ) as error:
            # Never the error's own text: it may repeat what it was about.
            raise _gave_up(f"asking for credentials: {type(error).__name__}") from None
        return found if isinstance(found, dict) else None

    def credentials(self, realm: str) -> dict[str, str]:
        """The secrets of a realm in clear, by user name. Raises GaveUp."""
        found = {}
        query = {"output_mode": "json", "count": "-1", "search": f"realm={realm}"}
        body = self._secret("GET", "storage/passwords", query) or b""
        try:
            for entry in json.loads(body)["entry"]:
                content = entry["content"]
                # The search is Splunk's, which may find more than was asked for.
                if content["realm"] == realm:
                    found[str(content["username"])] = str(content["clear_password"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise _gave_up("credentials that are not understood") from None
        return found

    def add_credential(self, realm: str, user: str, text: str) -> bool:
        """Keep a secret under a new name; False when there is one of that name. Raises GaveUp.

        That it is new is splunkd's to say: of two who ask at once, one is told so. ``text``: 255
        characters at most. ``realm`` and ``user``: letters, digits, ``_``, ``-`` and ``.``.
        """
        fields = {"output_mode": "json", "realm": realm, "name": user, "password": text}
        return self._secret("POST", "storage/passwords", fields, 409) is not None

    def remove_credential(self, realm: str, user: str) -> None:
        """Forget a secret, if there is one. Raises GaveUp."""
        self._secret("DELETE", f"storage/passwords/{realm}:{user}:", {}, 404)

    def _secret(self, method: str, path: str, fields: dict[str, str], but: int = 0) -> bytes | None:
        """The answer's body; None for the status ``but``. No error repeats what it was about."""
        ask = {"GET": self._service.get, "POST": self._service.post}
        try:
            answer = ask.get(method, self._service.delete)(path, **fields)
            body: bytes = answer.body.read()
        except binding.HTTPError as error:
            if error.status == but:
                return None
            raise _gave_up(f"credential storage: HTTP {error.status}") from None
        except (binding.AuthenticationError, OSError) as error:
            raise _gave_up(f"credential storage: {type(error).__name__}") from None
        return body

    def _call(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        try:
            if method == "POST":
                answer = self._service.post(path, headers=_JSON, body=body)
            elif method == "DELETE":
                answer = self._service.delete(path, **query)
            else:
                answer = self._service.get(path, **query)
        except binding.AuthenticationError:
            return Reply(401, b"")
        except binding.HTTPError as error:
            return Reply(error.status, error.body or b"")
        return Reply(answer.status, answer.body.read())


def named(name: str) -> str:
    """A name as part of a path."""
    return quote(name, safe="")


def _gave_up(reason: str) -> GaveUp:
    return GaveUp(f"splunkd does not answer as it should ({reason}): Splunk tries again by itself")
