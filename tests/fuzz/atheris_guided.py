# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing by atheris: ``python -m tests.fuzz.atheris_guided TARGET SECONDS``.

Begins with the kept corpus, corpus/TARGET, and adds to it the smallest of those inputs that reach
new code. A finding ends it with a traceback, and its input is kept in build/fuzz. `make fuzz` makes
the environment.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
FOUND = HERE.parents[1] / "build" / "fuzz"
#: Bytes of an input at most: enough for a page of a few entries.
LONGEST = 4096
#: No file of the corpus is larger, and a target has no more of them.
KEPT_SIZE, KEPT = 1024, 40
#: Digits of the name that libFuzzer gives an input.
HASH = 40


def fuzz(name: str, arguments: list[str]) -> None:
    """Run libFuzzer in this process, which it ends."""
    import atheris

    with atheris.instrument_imports(
        include=["slack_audit_input", "splunklib", "msgpack", "tomllib"]
    ):
        from tests.fuzz import targets

        known = dict(targets.TARGETS)
        if name not in known:
            from tests.fuzz import splunk_target

            known.update(splunk_target.TARGETS)
    target = known[name]
    atheris.Setup([sys.argv[0], *arguments], target)
    atheris.Fuzz()


def main(name: str, seconds: str) -> int:
    """Fuzz for so many seconds, then take what was new into the corpus."""
    kept, fresh = CORPUS / name, FOUND / name / "corpus"
    kept.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    line = [sys.executable, "-m", "tests.fuzz.atheris_guided", "--child", name]
    line += [f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=1500"]
    line += [f"-max_total_time={seconds}", f"-artifact_prefix={FOUND / name}/"]
    line += ["-print_final_stats=1", "-verbosity=1", str(fresh), str(kept)]
    went = subprocess.run(line, check=False)
    if went.returncode:
        return went.returncode
    # Made by hand, and named for what they are; the others are named by their hashes.
    found = [path for path in kept.iterdir() if len(path.name) == HASH]
    small = sorted((p.stat().st_size, p.name, p) for p in [*found, *fresh.iterdir()])
    chosen = {p.name: p.read_bytes() for size, _, p in small[:KEPT] if size <= KEPT_SIZE}
    for path in found:
        path.unlink()
    for digest, data in chosen.items():
        (kept / digest).write_bytes(data)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main(*sys.argv[1:]))
