# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from tests.searchtime import conf


def read(tmp_path: Path, text: str) -> dict[str, conf.Stanza]:
    path = tmp_path / "a.conf"
    path.write_text(text, encoding="utf-8")
    return conf.read(path)


def test_stanzas_comments_and_lines_that_go_on(tmp_path: Path) -> None:
    text = "# about\n[a]\nk = v=1\n# k = 2 \\\nEVAL-x = if(a, \\\n  b, c)\n\n[b:c]\nn=\n"
    assert read(tmp_path, text) == {
        "a": {"k": "v=1", "EVAL-x": "if(a, \n  b, c)"},
        "b:c": {"n": ""},
    }


@pytest.mark.parametrize("text", ["k = v\n", "[a]\nword\n", "[a]\nk=1\nk=2\n", "[a]\n[a]\n"])
def test_what_is_no_conf_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read(tmp_path, text)
