# SPDX-License-Identifier: Apache-2.0
"""Switches of the interpreter and the C library that suit a long-running collector."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

# mallopt's parameters, from glibc's malloc.h, and what they are set to.
_MALLOPT = (
    (-8, 1),  # M_ARENA_MAX
    (-3, 16 << 20),  # M_MMAP_THRESHOLD, in bytes: more than a page's body, packed or not
    (-1, 16 << 20),  # M_TRIM_THRESHOLD, in bytes
)
#: Objects made before the garbage collector looks for circles among them, as gc.set_threshold
#: takes them: some pages' worth. What is in no circle goes at once, whatever stands here.
_GC = (50_000, 20, 20)


def settle() -> None:
    """Call once, when everything is imported and before the first thread starts.

    What is loaded by now stays: the garbage collector need not look at it again with every ten
    thousand events (a tenth of a backfill's time), nor look so often: nothing on a page is in a
    circle. And glibc keeps an arena of memory for each thread, of which only one thinks here: with
    one arena some 25 MB are saved. It gives back what a page took, and takes it again with the
    next, zeroed by the kernel: to keep that much saves a third of the time in the kernel, and
    takes no more at the peak. Elsewhere nothing is changed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC)
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library than glibc
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _MALLOPT:
            mallopt(parameter, value)


def trim() -> None:
    """Give free memory back to the system, from between what is in use as well."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
