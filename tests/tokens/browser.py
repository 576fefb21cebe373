# SPDX-License-Identifier: Apache-2.0
"""A browser for the command: opens the consent page, clicks, and follows where it leads.

As a program (named by $BROWSER): arguments ANSWER and ADDRESS; writes the last page's text to the
file that $BROWSER_SAW names. Answers: allow, cancel, wrong-state, nothing.
"""

from __future__ import annotations

import html
import os
import re
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests


def click(address: str, answer: str) -> tuple[str, str]:
    """Where the consent page leads, and what that page says ("" where nobody listens)."""
    page = requests.get(address, timeout=10)
    hidden = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="([a-z_]+)" value="([^"]*)">', page.text)
        if name != "answer"
    }
    there = urlsplit(address)
    form = urlunsplit((there.scheme, there.netloc, there.path, "", ""))
    pressed = "cancel" if answer == "cancel" else "allow"
    back = requests.post(
        form, data={**hidden, "answer": pressed}, timeout=10, allow_redirects=False
    )
    where = back.headers.get("Location", "")
    if answer == "wrong-state":
        parts = urlsplit(where)
        query = {**dict(parse_qsl(parts.query)), "state": "somebody-elses"}
        wrong = urlunsplit((*parts[:3], urlencode(query), ""))
        said = requests.get(wrong, timeout=10)
        assert said.status_code == 400, said.text
    try:
        return where, requests.get(where, timeout=10).text
    except requests.RequestException:
        return where, ""


if __name__ == "__main__":
    if sys.argv[1] != "nothing":
        _, text = click(sys.argv[2], sys.argv[1])
        Path(os.environ["BROWSER_SAW"]).write_text(text, "utf-8")
