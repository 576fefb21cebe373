# SPDX-License-Identifier: Apache-2.0
"""The installed command signs in: a browser that clicks, a real redirect, a kept sign-in."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.cli.redirect import Redirect
from slack_audit_input.model.errors import AuthError
from tests.tokens.browser import click
from tests.tokens.terminal import Terminal, document, wait_for

# -- login -----------------------------------------------------------------------------------


def test_signed_in_by_the_browser_and_then_everything_works(terminal: Terminal) -> None:
    code, said = terminal.login()
    assert code == 0, said
    assert "Signed in as W012A3CDE in E0EMULATED" in said and "is refreshed before" in said
    wait_for(terminal.saw.exists)
    assert "Slack has agreed" in terminal.saw.read_text()
    assert terminal.kept.stat().st_mode & 0o777 == 0o600
    assert document(terminal)["tokens"]["refresh"].startswith("xoxe-1-")
    code, said = terminal("check")
    assert code == 0 and "signed in as W012A3CDE in E0EMULATED; refreshed next at" in said
    code, said = terminal("run", "--once", "--output-file", "events.ndjson", "--start", "-1d")
    assert code == 0, said
    assert len((terminal.folder / "events.ndjson").read_text().splitlines()) > 20  # of a Sunday
    code, said = terminal("verify", "--from", "-20h", "--to", "-19h")
    assert code == 0, said


def test_the_state_is_checked_and_whoever_comes_with_another_is_told(terminal: Terminal) -> None:
    terminal.answer = "wrong-state"
    code, said = terminal.login()
    assert code == 0 and "redirect_not_ours" in said, said


def test_cancelled_on_slacks_page(terminal: Terminal) -> None:
    terminal.answer = "cancel"
    code, said = terminal.login()
    assert code == 3 and "cancelled" in said and not terminal.kept.exists()
    wait_for(terminal.saw.exists)
    assert "Not signed in" in terminal.saw.read_text()


def test_nobody_comes_back(terminal: Terminal) -> None:
    terminal.answer = "nothing"
    code, said = terminal.login("--wait", "2")
    assert code == 3 and "nobody came back from Slack's page within 2 s" in said


def test_pasted(terminal: Terminal) -> None:
    streams = {"stdin": subprocess.PIPE, "stderr": subprocess.STDOUT}
    arguments = (
        *("login", "--client-id", "1111111111.2222222222", "--paste", "--no-browser"),
        *("--client-secret-file", str(terminal.secret)),
        *("--redirect-url", "https://localhost:8484/slack"),
    )
    with terminal.start(*arguments, **streams) as process:
        assert process.stdout is not None and process.stdin is not None
        address = ""
        while not address:
            found = re.search(r"http://127\S+", process.stdout.readline())
            address = found[0] if found else ""
        where, text = click(address, "allow")
        assert where.startswith("https://localhost:8484/slack?") and text == ""
        said, _ = process.communicate(f"{where}\n", timeout=30)
    assert process.returncode == 0, said
    assert document(terminal)["user"] == "W012A3CDE"


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("https://localhost:8484/slack?code=1&state=somebody-elses", "another sign-in"),
        ("https://localhost:8484/slack", "not the address"),
        ("1234.5678", "not the address"),
    ],
)
def test_pasted_wrongly(terminal: Terminal, pasted: str, words: str) -> None:
    code, said = terminal.login("--paste", "--no-browser", given=f"{pasted}\n")
    assert code == 3 and words in said


def test_with_pkce_there_is_no_client_secret(terminal: Terminal) -> None:
    terminal.slack.control.change(public_client=True)
    terminal.secret.unlink()
    port = str(terminal.port)
    code, said = terminal("login", "--pkce", "--client-id", "1111111111.2222222222", "--port", port)
    assert code == 0, said
    assert document(terminal)["client_secret"] is None
    terminal.slack.control.clock.step(9 * 3600)
    held = document(terminal)
    for moment in ("issued_at", "expires_at"):
        held["tokens"][moment] -= 9 * 3600
    terminal.kept.write_text(json.dumps(held))
    code, said = terminal("check")
    assert code == 0 and document(terminal)["serial"] == 2, said


def test_signed_in_again_with_what_is_known_of_the_app(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    first = document(terminal)["tokens"]["access"]
    terminal.secret.unlink()
    code, said = terminal("login", "--port", str(terminal.port))
    assert code == 0, said
    assert document(terminal)["tokens"]["access"] != first


def test_an_app_without_rotation(terminal: Terminal) -> None:
    terminal.slack.control.change(token_rotation=False)
    code, said = terminal.login()
    assert code == 0 and "lasts until it is revoked" in said
    assert document(terminal)["tokens"]["refresh"] is None
    assert "it lasts until it is revoked" in terminal("check")[1]


@pytest.mark.parametrize(
    ("options", "arguments", "code", "words"),
    [
        ({"client_secret": "another"}, (), 2, "client secret is not this app's"),
        ({"client_id": "3.4", "redirect_urls": ("http://x/",)}, ("--wait", "2"), 3, "nobody came"),
        ({"account": "not_owner"}, (), 3, "is not an Owner of the organization"),
        ({"account": "workspace"}, (), 3, "installed on one workspace"),
        ({"account": "not_enterprise"}, (), 3, "not an Enterprise organization"),
        ({}, ("--client-id", "no id"), 2, "is no client id"),
        ({}, ("--redirect-url", "https://localhost:1/x"), 2, "use --paste"),
        ({}, ("--redirect-url", "http://example.com:80/x"), 2, "use --paste"),
        ({}, ("--client-secret-file", "/nowhere"), 2, "/nowhere: No such file"),
        ({}, ("--token-store", "keyring", "--credentials", "x"), 2, "keyring has none"),
    ],
)
def test_what_keeps_one_from_signing_in(
    terminal: Terminal,
    options: dict[str, Any],
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    terminal.slack.control.change(**options)
    ended, said = terminal.login(*arguments)
    assert ended == code and words in said, said
    assert not terminal.kept.exists()


def test_a_failed_sign_in_leaves_the_one_before(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    before = terminal.kept.read_text()
    terminal.slack.control.change(account="not_owner")
    assert terminal.login()[0] == 3
    assert terminal.kept.read_text() == before


def test_a_port_that_is_taken(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", terminal.port)):
        code, said = terminal.login()
    assert code == 2 and "is taken" in said


def test_in_a_keyring(terminal: Terminal) -> None:
    terminal.more = {
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "SLACK_AUDIT_TOKEN_STORE": "keyring",
    }
    code, said = terminal.login()
    assert code == 0 and "kept in the keyring" in said, said
    assert not terminal.kept.exists()
    assert terminal("check")[0] == 0
    code, said = terminal("logout")
    assert code == 0 and terminal("check")[0] == 2


# -- logout ----------------------------------------------------------------------------------


def test_logout_forgets_and_revokes_on_request(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    (token,) = terminal.slack.control.tokens[1:]
    copy = terminal.kept.read_text()
    assert terminal("logout")[0] == 0 and not terminal.kept.exists()
    assert token in terminal.slack.control.tokens
    terminal.kept.write_text(copy)
    terminal.kept.chmod(0o600)
    code, said = terminal("logout", "--revoke")
    assert code == 0 and not terminal.kept.exists(), said
    assert token not in terminal.slack.control.tokens
    code, said = terminal("logout")
    assert code == 2 and "nobody has signed in" in said


# -- the way back ----------------------------------------------------------------------------


@contextlib.contextmanager
def waiting(port: int) -> Iterator[Redirect]:
    with Redirect(f"http://localhost:{port}/slack", "ours", Logger("error")) as redirect:
        yield redirect


def test_the_address_asks_for_one_scope(terminal: Terminal) -> None:
    terminal.answer = "nothing"
    code, said = terminal.login("--wait", "2")
    found = re.search(r"http://127\S+", said)
    assert code == 3 and found is not None
    asked = parse_qs(urlsplit(found[0]).query)
    assert asked["user_scope"] == ["auditlogs:read"] and "scope" not in asked
    assert len(asked["state"][0]) >= 40
    assert asked["redirect_uri"] == [f"http://localhost:{terminal.port}/slack"]


def test_the_redirect_is_received_on_loopback_only(terminal: Terminal) -> None:
    with waiting(terminal.port) as redirect:
        addresses = {str(server.server_address[0]) for server in redirect._servers}
    assert "127.0.0.1" in addresses and addresses <= {"127.0.0.1", "::1"}


def test_the_page_repeats_nothing_as_markup(terminal: Terminal) -> None:
    with waiting(terminal.port) as redirect:
        where = f"http://127.0.0.1:{terminal.port}/slack"
        answer = requests.get(
            where, params={"state": "ours", "error": "<script>alert(1)</script>"}, timeout=5
        )
        assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        with pytest.raises(AuthError, match="no known error"):
            redirect.code(5)


def test_what_else_comes_to_the_address_ends_nothing(terminal: Terminal) -> None:
    with waiting(terminal.port) as redirect:
        where = f"http://127.0.0.1:{terminal.port}"
        assert requests.get(f"{where}/favicon.ico", timeout=5).status_code == 404
        assert requests.get(f"{where}/slack", timeout=5).status_code == 400
        assert requests.post(f"{where}/slack?state=ours&code=1", timeout=5).status_code == 501
        many = "&".join(f"a{number}=1" for number in range(50))
        assert requests.get(f"{where}/slack?{many}", timeout=5).status_code == 400
        assert requests.get(f"{where}/slack?state=ours&code=9.8", timeout=5).status_code == 200
        # A second one, a reload of the page for one, changes nothing.
        requests.get(f"{where}/slack?state=ours&error=access_denied", timeout=5)
        assert redirect.code(5) == "9.8"
