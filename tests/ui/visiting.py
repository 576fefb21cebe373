# SPDX-License-Identifier: Apache-2.0
"""Running this folder's scripts in a headless browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.splunkd.places import REPOSITORY, absent

PLAYWRIGHT = REPOSITORY / ".venv" / "ui" / "node_modules" / "playwright-core"


def browser() -> str:
    """The path of chromium, once everything else that is needed is there too."""
    found = shutil.which("chromium")
    if found is None or not PLAYWRIGHT.exists() or shutil.which("node") is None:
        absent("chromium, node or playwright-core", "make splunk")
    return str(found)


class Visit:
    """Runs scripts of this folder in the browser. ``pictures``: where their pictures are."""

    def __init__(self, given: dict[str, Any], pictures: Path) -> None:
        self._given = {**given, "pictures": str(pictures)}
        self.pictures = pictures

    def __call__(self, script: str) -> dict[str, Any]:
        """What a script found. Fails when it does not get through, or the page breaks."""
        node, path = str(shutil.which("node")), str(Path(__file__).parent / script)
        done = subprocess.run(
            [node, path, json.dumps(self._given)],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr[:3000]
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["broken"] == []
        return found
