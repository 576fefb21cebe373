# SPDX-License-Identifier: Apache-2.0
"""semgrep with our own rules, and pip-audit: ``python rules.py FOLDER`` of the environment's bin.

Every finding of semgrep's fails that is not listed here with its reason, and so does a reason that
nothing needs any more. pip-audit asks a service on the network: where that knows none of the
packages, or does not answer, this is said and nothing fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PINS = "slack_audit_input/addon/package/lib/requirements.txt"
#: File below slack_audit_input/, our rule, and why that is well.
ACCEPTED = {
    (
        "stores/sqlite.py",
        "sql-made-of-text",
    ): "a PRAGMA takes no bound value; it is a number of ours",
    (
        "hosts/cli/held.py",
        "sql-made-of-text",
    ): "a PRAGMA takes no bound value; it is a number of ours",
}
#: What each rule must find, or it finds nothing any more.
PLANTED = """
import os, ssl, subprocess, tempfile, requests, yaml
log("info", "said", token=token)
try:
    pass
except Exception:
    pass
os.system(x)
yaml.load(x)
requests.get(x)
requests.get(x, timeout=5, verify=False)
c.execute(f"select {x}")
tempfile.mktemp()
"""
RULES = {
    *("token-in-a-log-line", "broad-except-without-a-reason", "shell", "yaml-load"),
    *("request-without-a-time-out", "certificate-not-looked-at", "sql-made-of-text"),
    "temporary-file-by-a-guessable-name",
}


def judged(results: list[dict[str, Any]]) -> list[str]:
    """What is wrong with semgrep's findings, in lines."""
    lines, met = [], set()
    for one in results:
        path = Path(one["path"]).as_posix().partition("slack_audit_input/")[2]
        rule = one["check_id"].rpartition(".")[2]
        met.add((path, rule))
        if (path, rule) not in ACCEPTED:
            lines.append(f"{path}:{one['start']['line']}: {rule}: {one['extra']['message']}")
    lines += [f"{file}: {rule} is accepted and found no more" for file, rule in set(ACCEPTED) - met]
    return sorted(lines)


def audited(report: dict[str, Any]) -> tuple[list[str], int, int]:
    """Known vulnerabilities in lines; how many packages were looked up, and how many were not."""
    found, known, unknown = [], 0, 0
    for one in report["dependencies"]:
        if "skip_reason" in one:
            unknown += 1
            continue
        known += 1
        found += [f"{one['name']} {one['version']}: {vuln['id']}" for vuln in one["vulns"]]
    return found, known, unknown


def _semgrep(bin_: Path) -> list[str]:
    command: list[str | Path] = [
        bin_ / "semgrep",
        "scan",
        "--metrics=off",
        "--disable-version-check",
        "--json",
    ]
    planted = bin_.parent / "planted.py"
    planted.write_text(PLANTED)
    command += ["--no-git-ignore", "--config", HERE / "semgrep.yaml", "slack_audit_input", planted]
    # It starts a part of itself by name.
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    of_ours = [one for one in report["results"] if Path(one["path"]).name != planted.name]
    blind = RULES - {
        one["check_id"].rpartition(".")[2] for one in report["results"] if one not in of_ours
    }
    wrong = [*judged(of_ours), *(str(error) for error in report["errors"])]
    wrong += [f"the rule {rule} does not find what is planted for it" for rule in sorted(blind)]
    scanned = len(report["paths"]["scanned"]) - 1
    sys.stdout.write(f"semgrep: {scanned} files, {len(of_ours)} findings, ")
    sys.stdout.write(f"{len(wrong)} without a reason\n")
    return wrong if scanned > 0 else [*wrong, "semgrep has looked at no file"]


def _audit(bin_: Path, pins: Path, what: str) -> list[str]:
    command: list[str | Path] = [
        bin_ / "pip-audit",
        "--no-deps",
        "--disable-pip",
        "-f",
        "json",
        "-r",
        pins,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        found, known, unknown = audited(json.loads(done.stdout))
    except (ValueError, KeyError, subprocess.TimeoutExpired):
        sys.stdout.write(f"pip-audit, {what}: NOT LOOKED UP, its service does not answer here\n")
        return []
    if not known:
        words = f"NOT LOOKED UP, its service knows none of {unknown} packages here"
        sys.stdout.write(f"pip-audit, {what}: {words}\n")
        return []
    words = f"{known} packages, {len(found)} vulnerabilities; {unknown} that it does not know"
    sys.stdout.write(f"pip-audit, {what}: {words}\n")
    return found


def main(folder: str) -> int:
    """Run both, and say what they found that nobody has looked at."""
    bin_ = Path(folder).resolve()
    wrong = _semgrep(bin_)
    pins = (REPOSITORY / PINS).read_text("utf-8").splitlines()
    listed = bin_.parent / "addon.txt"
    listed.write_text("\n".join(line for line in pins if "==" in line))
    wrong += _audit(bin_, listed, "the add-on's packages")
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable"],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = bin_.parent / "here.txt"
    listed.write_text("\n".join(line for line in frozen.stdout.splitlines() if "==" in line))
    wrong += _audit(bin_, listed, "what is installed here")
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
