"""Tell writers apart: which process of which machine is at work on a file, and whether it still lives.

::

    1f3a90c2-4711-883201      machine and boot, process id, start time
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from pathlib import Path

__all__ = ["this_writer", "writer_is_dead"]


def this_writer() -> str:
    """Return a token for this process: its machine, process id and start time."""
    return f"{_machine()}-{os.getpid()}-{_start_of(os.getpid())}"


def writer_is_dead(writer: str) -> bool | None:
    """Return whether the process behind a token of `this_writer` has ended; None if it ran on another machine."""
    machine, pid, start = writer.split("-")
    if machine != _machine():
        return None
    return str(_start_of(int(pid))) != start


@cache
def _machine() -> str:
    """Return 8 hexadecimal digits for this boot of this machine and its process numbers (containers have their own)."""
    import platform

    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text(), str(Path("/proc/self/ns/pid").readlink())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _start_of(pid: int) -> int | None:
    """Return when a process started [a fixed unit of this machine], or None if there is none or it is a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_by_psutil(pid)
    return None if after_name[0] in "ZX" else int(after_name[19])  # fields 3 and 22 of proc(5)


def _start_by_psutil(pid: int) -> int | None:
    import psutil

    try:
        return int(psutil.Process(pid).create_time() * 100)
    except psutil.Error:
        return None
