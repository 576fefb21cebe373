# SPDX-License-Identifier: Apache-2.0
"""From the repository to the package, step by step."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from slack_audit_input import __version__
from slack_audit_input.addon.archive import pack
from slack_audit_input.addon.bill import bill
from slack_audit_input.addon.generating import generate
from slack_audit_input.addon.navigating import navigate
from slack_audit_input.addon.settling import settle
from slack_audit_input.addon.signing_in import sign_in
from slack_audit_input.addon.staging import APP, stage


def build(repository: Path, tools: Path, dist: Path) -> Path:
    """The package's path, in ``dist``; its bill of materials stands beside it, as ``.cdx.json``.

    ``tools``: the environment with ucc-gen. The staged sources and the generator's log stay in
    a temporary folder only if something fails. Raises BuildFailed, ValueError and OSError.
    """
    work = Path(tempfile.mkdtemp(prefix="slack_audit_input-"))
    staged = work / "stage"
    staged.mkdir()
    configuration = stage(repository, staged, __version__)
    app = generate(configuration, work / "out", __version__, tools)
    navigate(app)
    sign_in(app, __version__)
    settle(app)
    target = dist / f"{APP}-{__version__}.spl"
    pack(app, target)
    beside = dist / f"{APP}-{__version__}.cdx.json"
    beside.write_text(bill(app, APP, __version__), encoding="utf-8")
    shutil.rmtree(work)
    return target
