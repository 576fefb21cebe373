# SPDX-License-Identifier: Apache-2.0
"""Add to Slack: our handler and our redirect page in the places of those that UCC generates.

UCC's handler takes an answer of HTTP 200 for a token, which Slack's refusals are too, and looks for
the token where Slack has none; its redirect page has one sentence for whatever goes wrong. Files of
these names in our own `package/` would not do: the generator calls them conflicts, and renames its
page over ours.
"""

from __future__ import annotations

from pathlib import Path

_HANDLER = '''# SPDX-License-Identifier: Apache-2.0
"""From the code that Slack's sign-in page gives to a token; see slack_audit_sign_in_handler."""

import import_declare_test
import splunk.admin as admin
from slack_audit_sign_in_handler import SignInHandler
from splunktaucclib.rest_handler import util

assert import_declare_test
util.remove_http_proxy_env_vars()

if __name__ == "__main__":
    admin.init(SignInHandler, admin.CONTEXT_APP_AND_USER)
'''


def sign_in(app: Path, version: str) -> None:
    """Put ours there. Raises ValueError where the generated ones are not what they were."""
    handler = app / "bin" / f"{app.name}_rh_oauth.py"
    page = app / "appserver" / "static" / "js" / "build"
    page /= f"{app.name}_redirect_page.{version}.js"
    ours = Path(__file__).with_name("redirect_page.js").read_text(encoding="utf-8")
    for path, word, text in (
        (handler, "admin.init(", _HANDLER),
        (page, "window.opener.getMessage(message)", ours),
    ):
        if not path.is_file() or word not in path.read_text(encoding="utf-8"):
            raise ValueError(f"{path} is not as it was: has the generator changed?")
        path.write_text(text, encoding="utf-8")
