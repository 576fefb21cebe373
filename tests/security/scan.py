# SPDX-License-Identifier: Apache-2.0
"""bandit's findings against the list of those that were looked at: ``python scan.py PYTHON``.

``PYTHON``: of the environment that has bandit. A finding that is not on the list fails, and so does
an entry that no finding matches any more: the list must not outlive its reasons.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

_NO_SECRET = "a name or a sentence for people, no secret"
_OWN_ARGUMENTS = "a list of arguments of ours, no shell, nothing from outside in it"
#: File below slack_audit_input/, bandit's rule, and why that is well.
ACCEPTED = {
    ("addon/dashboards/board.py", "B105"): "'token' is a dashboard's word for a variable's name",
    ("addon/dashboards/views.py", "B406"): "only escapes text on its way into XML; parses nothing",
    ("addon/generating.py", "B603"): f"runs ucc-gen at build time: {_OWN_ARGUMENTS}",
    ("emulator/actions.py", "B105"): "weights of the emulator's made-up actions",
    ("emulator/details.py", "B105"): "names of fields of made-up events",
    ("emulator/measure.py", "B603"): f"measures the emulator: {_OWN_ARGUMENTS}",
    ("hosts/cli/demo.py", "B603"): f"starts this command itself: {_OWN_ARGUMENTS}",
    ("hosts/script.py", "B107"): "an empty default: no token given",
    ("emulator/webapi.py", "B105"): "the word for a kind of token",
    ("hosts/splunk/checking.py", "B105"): "an empty field of the form is no token",
    ("slack/classify.py", "B105"): _NO_SECRET,
    ("slack/diagnosis.py", "B105"): _NO_SECRET,
}


def judged(results: list[dict[str, Any]]) -> list[str]:
    """What is wrong, in lines; none when every finding has its reason, and every reason one."""
    lines = []
    met = set()
    for one in results:
        path = Path(one["filename"]).resolve().relative_to(REPOSITORY / "slack_audit_input")
        key = (path.as_posix(), one["test_id"])
        met.add(key)
        if key not in ACCEPTED:
            place = f"{path}:{one['line_number']}"
            lines.append(f"{place}: {one['test_id']} {one['issue_severity']}: {one['issue_text']}")
    lines += [f"{file}: {rule} is accepted and found no more" for file, rule in set(ACCEPTED) - met]
    return sorted(lines)


def main(python: str) -> int:
    """Run bandit, and say what it found that nobody has looked at."""
    command = [python, "-m", "bandit", "-q", "-r", "slack_audit_input", "-f", "json"]
    command += ["-c", str(HERE / "bandit.toml")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stderr)
        return 2
    wrong = [*judged(report["results"]), *(str(error) for error in report["errors"])]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    lines = report["metrics"]["_totals"]["loc"]
    sys.stdout.write(f"bandit: {lines} lines, {len(report['results'])} findings, ")
    sys.stdout.write(f"{len(wrong)} without a reason\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
