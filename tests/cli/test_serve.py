"""`trafficdiff serve` answers on its port, says so in one line of JSON, and ends with everything that it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.commands import PROGRAM, hear_interrupts, trafficdiff

if TYPE_CHECKING:
    from pathlib import Path


def ended(process: subprocess.Popen[str], family: list[psutil.Process]) -> bool:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if process.poll() is not None and not any(
            one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family
        ):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_a_signal_ends_it_and_all(tmp_path: Path, number: signal.Signals) -> None:
    command = [PROGRAM, "serve", str(tmp_path), "--port", "0", "--read-only", "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,  # noqa: PLW1509 - no other thread is at work
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            said = json.loads(process.stdout.readline())
            assert said["folder"] == str(tmp_path)
            assert said["read_only"] is True
            with urllib.request.urlopen(f"{said['url']}/_stcore/health", timeout=10) as answer:
                assert answer.status == 200
            family = psutil.Process(process.pid).children(recursive=True)
            assert said["pid"] in {one.pid for one in family}
            os.kill(process.pid, number)
            assert ended(process, family)
            assert process.returncode == 128 + number
            assert process.stdout.read() == ""  # one object, and it was said
        finally:
            process.kill()


def test_a_server_whose_command_is_killed_does_not_stay(tmp_path: Path) -> None:
    command = [PROGRAM, "serve", str(tmp_path), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        family = [psutil.Process(said["pid"])]
        process.kill()
        assert ended(process, family)


def test_a_port_that_is_taken_is_a_usage_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        finished = trafficdiff("serve", tmp_path, "--port", other.getsockname()[1], "--json")
    assert finished.returncode == 2
    assert "choose another --port" in json.loads(finished.stdout)["message"]


@pytest.mark.parametrize(
    "words", [("--language", "xx"), ("--port", "70000"), ("--max-jobs", "0"), ("--allow", "@a.example")]
)
def test_what_cannot_be_meant_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert trafficdiff("serve", tmp_path, *words).returncode == 2


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert trafficdiff("serve", tmp_path / "none").returncode == 2
