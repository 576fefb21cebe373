# SPDX-License-Identifier: Apache-2.0
"""Tokens in Splunk's credential storage, and the way from Slack's page to there, by REST."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.addon.world import Addon, addon
from tests.splunkd.places import APP, VERSIONS
from tests.splunkd.tls import certificate, tls_before

pytestmark = pytest.mark.slow
CLIENT, SECRET = "1111111111.2222222222", "emulated-client-secret"
BACK = "https://splunk.example/en-US/app/slack_audit_input/slack_audit_input_redirect"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_store_keeps_its_promises(tmp_path: Path, version: str) -> None:
    with addon(tmp_path / "splunk", version) as made:
        given = {
            "lib": str(made.splunkd.home / "etc/apps" / APP / "lib"),
            "port": made.splunkd.port,
            "key": made.splunkd.session_key,
        }
        script = str(Path(__file__).with_name("keeping.py"))
        done = subprocess.run(
            [str(made.splunkd.python), script, json.dumps(given)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found.pop("another sign-in is another") == "xoxe.xoxp-other"
    no = {name for name, value in found.items() if value is not True}
    assert no == {
        "not instead of another",
        "not twice",
        "the other has not",
        "a host of another numbering is waited for",
    }


class Form:
    """The settings page's part, without a browser."""

    def __init__(self, world: Addon, port: int) -> None:
        self._world = world
        self.endpoint = f"127.0.0.1:{port}"

    def code(self) -> str:
        """As Slack's page gives it after Allow."""
        host, port = self._world.slack.server.server_address[:2]
        asked = {"client_id": CLIENT, "user_scope": "auditlogs:read", "redirect_uri": BACK}
        connection = http.client.HTTPConnection(str(host), int(port))
        connection.request(
            "POST", "/oauth/v2/authorize", urlencode({**asked, "state": "s", "answer": "allow"})
        )
        where = connection.getresponse().headers["Location"]
        connection.close()
        return parse_qs(urlsplit(where).query)["code"][0]

    def sign_in(self, **fields: str) -> dict[str, str]:
        """What the handler of the sign-in says."""
        given = {
            "method": "POST",
            "url": f"https://{self.endpoint}/api/oauth.v2.access",
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uri": BACK,
            **fields,
        }
        path = f"/servicesNS/nobody/{APP}/{APP}_oauth/oauth?output_mode=json"
        answer = self._world.splunkd.call("POST", path, urlencode(given))
        assert answer.status == 200, answer
        (entry,) = json.loads(answer.body)["entry"]
        content: dict[str, str] = entry["content"]
        return content

    def save(self, word: str, path: str = "", **fields: str) -> str:
        """Make an account, or change the one of `path`; the handler's words against it."""
        given = {
            "region": "custom",
            "api_url": self._world.slack.base_url,
            "endpoint": self.endpoint,
            "auth_type": "oauth",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "access_token": word,
            "token": "",
            **fields,
        }
        answer = self._world.splunkd.call(
            "POST",
            f"/servicesNS/nobody/{APP}/{APP}_account{path}?output_mode=json",
            urlencode(given if path else {"name": "made", **given}),
        )
        return "" if answer.status in (200, 201) else answer.body.decode()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Addon]:
    with addon(tmp_path / "splunk", "3.13") as made:
        yield made


@pytest.fixture
def form(world: Addon, tmp_path: Path) -> Iterator[Form]:
    made = certificate(tmp_path / "tls")
    world.proxy(ca_file=str(made.path))
    with tls_before(world.slack.server.server_address[1], made) as port:
        yield Form(world, port)


def test_what_the_sign_in_refuses(form: Form) -> None:
    plain = "http://127.0.0.1:1/api/oauth.v2.access"
    for fields, words in (
        ({"url": plain}, "sign-in address is no host name"),
        ({"url": f"https://{form.endpoint}/other"}, "sign-in address is no host name"),
        ({"code": "error.access_denied"}, "Cancel was pressed"),
        ({"code": "error.server_error"}, "sent back server_error"),
        ({"code": "error.<b>"}, "an error of no known form"),
        ({"code": "of-nobody"}, "code of the sign-in is not valid"),
        ({"client_id": "3.4", "code": "c"}, "knows no app with this client id"),
        ({"client_secret": "******", "code": "c"}, "ype the client secret again"),
        ({"redirect_uri": "https://other", "code": form.code()}, "redirect URL"),
    ):
        found = form.sign_in(**fields)
        assert "access_token" not in found
        assert words in found["error"], (fields, found)


def test_a_word_is_good_for_one_account_of_its_app(form: Form, world: Addon) -> None:
    word = form.sign_in(code=form.code())["access_token"]
    assert word.startswith("signed-in-")
    for said in (
        form.save(word, client_id="3.4"),
        form.save(word, endpoint="127.0.0.1:1"),
        form.save("signed-in-1-of-nobody"),
    ):
        assert "sign in again" in said
    assert "nobody has signed in" in form.save("").lower()
    assert form.save(word) == ""
    # It is spent; and the account is as it was.
    assert "sign in again" in form.save(word, "/made")
    world.input(account="made", start="-10m", interval="3600")
    world.run()
    # A client secret that the page has only as stars is the one that is kept.
    elsewhere = "https://127.0.0.1:1/api/oauth.v2.access"
    refused = form.sign_in(url=elsewhere, code="c", client_secret="******")["error"]
    assert "ype the client secret again" in refused
    again = form.sign_in(code=form.code(), client_secret="******")["access_token"]
    assert form.save(again, "/made", client_secret="******") == ""
    world.run()


def test_back_to_a_token_that_is_pasted(form: Form, world: Addon) -> None:
    assert form.save(form.sign_in(code=form.code())["access_token"]) == ""
    pasted = {"auth_type": "basic", "token": world.slack.token}
    assert form.save("", "/made", **pasted, client_id="", client_secret="") == ""
    kept = world.splunkd.confs.read(APP, f"{APP}_account")["made"]
    assert (kept["auth_type"], kept.get("refresh_token", ""), kept.get("expires", "")) == (
        "basic",
        "",
        "",
    )
    world.slack.control.revoke_tokens()
    world.input(account="made", start="-10m", interval="3600")
    world.run()


def test_an_app_without_rotation_keeps_no_client_secret(form: Form, world: Addon) -> None:
    world.slack.control.change(token_rotation=False)
    assert form.save(form.sign_in(code=form.code())["access_token"]) == ""
    passwords = f"/servicesNS/nobody/{APP}/storage/passwords?output_mode=json&count=-1"
    assert SECRET not in world.splunkd.call("GET", passwords).body.decode()
    world.input(account="made", start="-10m", interval="3600")
    world.run()
