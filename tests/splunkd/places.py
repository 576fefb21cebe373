# SPDX-License-Identifier: Apache-2.0
"""Where the built package is, and the interpreters that Splunk would run it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from slack_audit_input import __version__

REPOSITORY = Path(__file__).resolve().parents[2]
APP = "slack_audit_input"
KIND = "slack_audit"
#: Splunk's own.
VERSIONS = ("3.9", "3.13")


def absent(what: str, remedy: str) -> None:
    """Skip the test, saying so; in CI, where everything is installed first, fail."""
    import pytest  # the benchmark, which uses this file, too, does without

    words = f"no {what}: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def package() -> Path:
    """The built package."""
    path = REPOSITORY / "dist" / f"{APP}-{__version__}.spl"
    if not path.exists():
        absent("Splunk package", "make addon")
    return path


def unpack(archive: Path, folder: Path) -> str:
    """Unpack a package; returns its one folder's name."""
    with tarfile.open(archive) as file:
        # Python 3.12 and 3.13 warn without a filter; the first of 3.9 know none.
        file.extraction_filter = getattr(tarfile, "data_filter", None)
        file.extractall(folder)  # noqa: S202 - built by us
        return file.getnames()[0].split("/")[0]


def interpreter(version: str) -> Path | None:
    """An interpreter such as "3.9": pyenv's newest, or that on PATH."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(
        (root / "versions").glob(f"{version}.*/bin/python"),
        key=lambda path: [int(part) for part in path.parts[-3].split(".") if part.isdigit()],
    )
    on_path = shutil.which(f"python{version}")
    for path in [*reversed(found), *([Path(on_path)] if on_path else [])]:
        ask = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return path
    return None


def splunks_python(version: str) -> Path:
    """The interpreter of that version, or, loudly, the one that runs the tests."""
    found = interpreter(version)
    if found is None:
        sys.__stderr__.write(  # type: ignore[union-attr]
            f"\n######## Python {version}: NOT FOUND. The Splunk package is run on "
            f"{sys.version.split()[0]} in its place.\n"
        )
        return Path(sys.executable)
    return found
