# SPDX-License-Identifier: Apache-2.0
"""Run a command, and write what it cost: ``python -S waiting.py RESULT SECONDS COMMAND…``.

RESULT gets a line of JSON: `code`, `wall`, `user` and `system` in seconds, `peak_kb`. The command
is killed after SECONDS.

This stands between the benchmark and what it measures because Linux counts the memory of the
process that a command was forked from as the command's own peak (exec keeps `ru_maxrss` of the old
image, getrusage(2)): so that has to be a small one. Hence also no imports but of builtins.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def main(result: str, seconds: str, *command: str) -> int:
    """Run it; 0 whatever became of it."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(int(seconds))
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    # Linux counts kilobytes, macOS bytes.
    peak = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    line = (
        f'{{"code":{code},"wall":{wall:.4f},"user":{used.ru_utime:.4f},'
        f'"system":{used.ru_stime:.4f},"peak_kb":{peak}}}\n'
    )
    with open(result, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes memory
        file.write(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
