# SPDX-License-Identifier: Apache-2.0
"""splunkd's REST, through the Splunk SDK: one connection, with time-outs."""

from __future__ import annotations

import functools
import json
import logging
import os
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import ParseError

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
            known = [each for each in os.environ.get(name, "").split(",") if each]
            local = [host, "127.0.0.1", "localhost", "::1"]
            # Only what is missing: a process that opens many sessions must not grow by it.
            known += [each for each in local if each and each not in known]
            os.environ[name] = ",".join(known)
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
        try:
            reply = self._call("GET", path, {"output_mode": "json", "count": "-1"}, "")
            if reply.status == 404:
                return None
            if reply.status != 200:
                raise _gave_up(f"HTTP {reply.status}")
            entries = json.loads(reply.body)["entry"]
            content = entries[0]["content"] if entries else None
        except OSError as error:
            raise _gave_up(type(error).__name__) from None
        except (ValueError, LookupError, TypeError, RecursionError):
            raise _gave_up("an answer that is not understood") from None
        if not isinstance(content, dict):
            return None
        return {key: str(value) for key, value in content.items() if value is not None}

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
            *(ValueError, TypeError, RecursionError, LookupError),
            # What the SDK makes of a feed that is no XML, or has not what it looks for.
            *(ParseError, AttributeError),
        ) as error:
            # Never the error's own text: it may repeat what it was about.
            raise _gave_up(f"asking for credentials: {type(error).__name__}") from None
        return found if isinstance(found, dict) else None

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
