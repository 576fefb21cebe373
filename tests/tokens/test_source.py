# SPDX-License-Identifier: Apache-2.0
"""A client asks for the token of the moment, and once more for another when Slack refuses."""

from __future__ import annotations

import gzip

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from slack_audit_input.model.errors import AuthError, ConfigError
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.source import Reread, is_refused
from slack_audit_input.slack.token import Token


class Source:
    """Hands out one token after the other as they are refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = [Token(token) for token in tokens]
        self.accepted: list[str] = []

    def token(self) -> Token:
        return self.tokens[0]

    def refused(self, token: Token) -> Token | None:
        if len(self.tokens) > 1:
            self.tokens.pop(0)
            return self.tokens[0]
        return None

    def used(self, token: Token) -> None:
        self.accepted.append(token.spelled())


@pytest.fixture
def asked(httpserver: HTTPServer) -> list[str]:
    """Takes "good" only; the tokens that were asked with."""
    seen: list[str] = []

    def reply(request: Request) -> Response:
        seen.append(request.headers["Authorization"].split()[1])
        if seen[-1] == "good":
            return Response('{"entries":[]}', 200)
        return Response('{"ok":false,"error":"token_expired"}', 403)

    httpserver.expect_request("/audit/v1/logs").respond_with_handler(reply)
    return seen


def test_a_refused_token_is_replaced_in_the_same_call(
    httpserver: HTTPServer, asked: list[str]
) -> None:
    source = Source("stale", "good", "unused")
    client = Client(Settings(httpserver.url_for("/audit/v1/")), source)
    assert client.get("logs", {}).status == 200
    assert client.get("logs", {}).status == 200
    client.close()
    assert asked == ["stale", "good", "good"] and source.accepted == ["good", "good"]


def test_only_once(httpserver: HTTPServer, asked: list[str]) -> None:
    source = Source("stale", "staler", "good")
    client = Client(Settings(httpserver.url_for("/audit/v1/")), source)
    assert client.get("logs", {}).status == 403
    client.close()
    assert asked == ["stale", "staler"] and source.accepted == []


def test_a_token_that_lasts_is_not_asked_with_twice(
    httpserver: HTTPServer, asked: list[str]
) -> None:
    client = Client(Settings(httpserver.url_for("/audit/v1/")), Token("stale"))
    assert client.get("logs", {}).status == 403
    client.close()
    assert asked == ["stale"]


def test_what_the_source_raises_comes_out(httpserver: HTTPServer) -> None:
    class Gone(Source):
        def token(self) -> Token:
            raise AuthError("signed out")

    client = Client(Settings(httpserver.url_for("/audit/v1/")), Gone())
    with pytest.raises(AuthError, match="signed out"):
        client.get("logs", {})
    client.close()


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (401, b"", True),
        (401, b"<html>", True),
        (401, b'{"ok":false,"error":"invalid_auth"}', True),
        (403, b'{"ok":false,"error":"token_expired"}', True),
        (403, b'{"ok":false,"error":"token_revoked"}', True),
        (200, b'{"ok":false,"error":"token_expired"}', True),
        (403, b"", False),
        (403, b'{"ok":false,"error":"missing_scope"}', False),
        (401, b'{"ok":false,"error":"missing_authentication"}', False),
        (200, b'{"entries":[]}', False),
        (200, b'{"error":["token_expired"]}', False),
        (200, b'{"entries":[{"error":"token_expired"}]}', False),
        (400, b'{"ok":false,"error":"token_expired"}', False),
        (429, b'{"ok":false,"error":"ratelimited"}', False),
        (500, b"", False),
        (401, b"[" * 4096, True),
        (401, b"x" * 5000, False),
    ],
)
def test_which_answers_refuse_a_token(status: int, body: bytes, refused: bool) -> None:
    assert is_refused(status, body, "") is refused
    assert is_refused(status, gzip.compress(body), "gzip") is refused or len(body) > 4096


def test_a_file_is_read_again_when_slack_refuses() -> None:
    there = ["one"]
    source = Reread(lambda: Token(there[0]))
    first = source.token()
    assert source.refused(first) is None
    there[0] = "two"
    second = source.refused(first)
    assert second is not None and second.spelled() == "two" and source.token() is second
    assert source.refused(first) is second, "another worker is given what the first one read"
    there[0] = ""
    assert source.refused(second) is None, "then Slack's refusal is told, not the file's"
    with pytest.raises(ConfigError):
        Reread(lambda: Token(""))
