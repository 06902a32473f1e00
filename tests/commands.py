"""Call ``trafficdiff`` in a process of its own without loading its libraries anew each time.

A call of the installed program spends most of its time on imports. Here one server process imports them once and is
copied for each call: the copy has its own streams, working directory, environment and exit code like the program.
What the program itself is, how it starts and how it takes signals is tested with the real one (:data:`PROGRAM`).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("trafficdiff")
_LIBRARIES = ["numpy", "pandas", "geopandas", "xarray", "zarr", "scipy.stats", "sumolib", "trafficdiff.cli.application"]


def hear_interrupts() -> None:
    """Undo what a shell does to its background jobs, so that these tests also run in one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def trafficdiff(*words: str | Path | float, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for its end, for 240 s at most."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(_LIBRARIES)
    arguments = [str(word) for word in words]
    with tempfile.TemporaryDirectory(prefix="command-") as folder:
        streams = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        place = str(directory or Path.cwd())
        process = processes.Process(target=_called, args=(arguments, place, dict(os.environ), streams))
        process.start()
        process.join(240)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["trafficdiff", *arguments], 240)
        stdout, stderr = (Path(stream).read_text("utf-8") for stream in streams)
        return subprocess.CompletedProcess(["trafficdiff", *arguments], process.exitcode, stdout, stderr)


def _called(arguments: list[str], place: str, environment: dict[str, str], streams: list[str]) -> None:
    """Be the program: runs in the copy."""
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams, start=1):
        file = os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.argv = [str(PROGRAM), *arguments]
    from trafficdiff.cli import main

    main()
