# SPDX-License-Identifier: Apache-2.0
"""The books as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(found: Mapping[str, Any]) -> str:
    """What a person reads of the books that ``tests.soak.running`` keeps."""
    form = found["form"]
    lines = [
        "",
        f"{found['host']}: {form['seconds'] / 3600:g} hours under fire, quiet until all is swept",
        (
            f"  at {form['speed']:g} and {form['tail_speed']:g} times the machine's speed; "
            f"took {found['took_s'] / 60:.1f} minutes"
        ),
        f"  generated                    {found['generated']}",
    ]
    for name, one in found["outputs"].items():
        lines.append(f"  {name}: delivered {one['delivered']}, lost {one['lost']}")
        kills, others = found["in_flight_at_kills_and_exits"][name]
        flight = f"in flight: {kills} at kills, {others} at other ends"
        lines.append(f"    repeated {one['repeated']}, allowed {one['bound']} ({flight})")
        times = f"median {one['delay_median']} s, 95 % {one['delay_95']} s"
        lines.append(f"    delay: {times}, most {one['delay_most']} s")
    for name, value in (
        *found["lives"].items(),
        ("peak memory", f"{found['peak_memory_mb']} MB"),
        ("speed on average", f"{found['speed_on_average']:.1f}"),
        ("calls", f"{found['calls']}, of /logs {found['calls_of_logs']}"),
        ("most calls in a minute", found["most_calls_in_a_minute"]),
        ("most seconds behind the plan", found["most_seconds_behind_the_plan"]),
        *found["facts"].items(),
    ):
        lines.append(f"  {name:<28} {value}")
    lines.append("  shown:")
    lines += [
        f"    {'yes' if check['holds'] else 'NO '}  {check['what']}: {check['seen']}"
        for check in found["checks"]
    ]
    failures = found["failures"]
    lines.append("  BOOKS WRONG: " + "; ".join(failures) if failures else "  books right")
    return "\n".join(lines)
