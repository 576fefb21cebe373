# SPDX-License-Identifier: Apache-2.0
"""How fast the emulator is: ``python -m slack_audit_input.emulator.measure``.

The emulator runs in a process of its own; this one only reads from a socket, and neither unpacks
nor parses. So the figure is what the emulator can give, not what a collector can take.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

LIMIT = 9999
# A page in every ten minutes of a steady stream that has six times as many: each page is full,
# and new to the emulator.
_RATE = 100
_STEP = 600


class Measured(NamedTuple):
    """`seconds` it took to get `entries` in `pages`, and their `size` in bytes on the wire."""

    seconds: float
    pages: int
    entries: int
    size: int


def measure(pages: int, packed: bool, connection: socket.socket, top: int) -> Measured:
    """Read pages, one after the other, from second `top` back.

    `packed`: as gzip. `connection` leads to an emulator with `_RATE` entries a second.
    """
    encoding = "gzip" if packed else "identity"
    size = 0
    began = time.perf_counter()
    for number in range(pages):
        request = (
            f"GET /audit/v1/logs?latest={top - number * _STEP}&limit={LIMIT} HTTP/1.1\r\n"
            f"Host: loopback\r\nAuthorization: Bearer xoxp-emulator\r\n"
            f"Accept-Encoding: {encoding}\r\n\r\n"
        )
        connection.sendall(request.encode())
        size += _read(connection)
    return Measured(time.perf_counter() - began, pages, pages * LIMIT, size)


def _read(connection: socket.socket) -> int:
    """Read one answer; its body's size. Raises ValueError if it is not a page."""
    held = b""
    while b"\r\n\r\n" not in held:
        held += connection.recv(65536)
    head, _, body = held.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head.decode("latin-1"))
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    left = length - len(body)
    buffer = bytearray(1 << 20)
    while left:
        got = connection.recv_into(buffer, min(left, len(buffer)))
        if not got:
            raise ValueError("the answer is cut")
        left -= got
    return length


def peak_mb(process: int) -> float | None:
    """The most memory that a process had so far, where the system tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return None
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def cpu_seconds(process: int) -> float | None:
    """The CPU time that a process took so far, where the system tells."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold blanks.
    fields = status.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(pages: int = 40) -> None:
    """Measure and print."""
    now = int(time.time())
    arguments = f"--calls-per-minute 0 --live-rate {_RATE} --live-from {now - 60 * 86400}"
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this very package
        [
            sys.executable,
            "-m",
            "slack_audit_input.emulator",
            "--history-days",
            "60",
            *arguments.split(),
        ],
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        where = urlsplit(json.loads(process.stdout.readline())["base_url"])
        out = sys.stdout.write
        out(f"start-up                {time.perf_counter() - began:9.2f} s\n")
        with socket.create_connection((where.hostname, where.port)) as connection:
            measure(2, False, connection, now - 50)
            for packed in (False, True):
                before = cpu_seconds(process.pid)
                got = measure(pages, packed, connection, now - (86400 if packed else 50) * 10)
                after = cpu_seconds(process.pid)
                out(
                    f"pages of {LIMIT}, {'gzip' if packed else 'no gzip':8}"
                    f"{got.entries / got.seconds:9,.0f} entries/s"
                )
                if before is not None and after is not None:
                    # What other processes do on this machine changes the first figure, not this.
                    out(f"{got.entries / (after - before):9,.0f} a CPU-second")
                out(f"  ({got.pages} pages, {got.size / got.entries:.0f} bytes an entry)\n")
        memory = peak_mb(process.pid)
        if memory is not None:
            out(f"peak memory             {memory:9.0f} MB\n")
        process.terminate()


if __name__ == "__main__":
    main()
