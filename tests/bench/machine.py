# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on. No names of hosts and no paths."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import statistics
import time
from pathlib import Path


def machine() -> dict[str, str]:
    """Words by what they describe, in the order to show them in."""
    return {
        "CPU": f"{_field('/proc/cpuinfo', 'model name') or platform.machine()}, "
        f"{os.cpu_count()} cores",
        "Memory": _memory(),
        "OS": f"{_distribution()}, {platform.system()} {platform.release().split('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "slack_sdk": importlib.metadata.version("slack_sdk"),
    }


def load() -> str:
    """How busy the machine is; what else runs on it makes the figures worse."""
    return f"{os.getloadavg()[0]:.1f}"


def cold() -> float:
    """How many times the CPU a little work takes after two seconds of sleep than at once.

    Near 1 on a machine of one's own. Where a host takes processors and memory away from those that
    sleep it may be 10, and whatever wakes up every few seconds looks that much more expensive.
    """
    hot = statistics.median(_little() for _ in range(100))
    after = []
    for _ in range(5):
        time.sleep(2)
        after.append(_little())
    return statistics.median(after) / hot


def _little() -> float:
    began = time.process_time()
    json.loads(json.dumps({str(n): [n, str(n), {"a": n}] for n in range(200)}))
    return time.process_time() - began


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB"


def _distribution() -> str:
    name = _field("/etc/os-release", "PRETTY_NAME")
    return name.strip('"') if name else platform.platform(terse=True)


def _field(path: str, name: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{name}\s*[:=]\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""
