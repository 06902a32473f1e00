"""Keep SUMO's remote port off the network.

SUMO binds its TraCI port on all interfaces, without a password, and whoever reaches it can read and write files.
Linux can give a process a network of its own, with nothing in it but a loopback::

    caller's network            private network of the stepping process
    127.0.0.1:PORT  ◀──relay──▶  127.0.0.1:PORT' of SUMO

A socket stays in the network in which it was made, so one that listens on the caller's loopback is opened first and
carries its bytes across; it is opened only where an outside client was asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import logging
import os
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["enter_private_network", "free_port", "relay"]

# linux/sched.h and linux/sockios.h, linux/if.h
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 0x1
_BLOCK_BYTES: Final = 65_536
_TRACI_CLOSE: Final = b"\x00\x00\x00\x06\x02\x7f"
"""A TraCI message of six bytes that holds one command of two, close (SUMO docs: TraCI/Control-related_commands)."""

_logger = logging.getLogger(__name__)


def enter_private_network() -> bool:
    """Move this process into a network of its own that has only a loopback, and return whether that worked.

    It must happen before the process has a second thread. Children inherit the network.

    Raises
    ------
    OSError
        If the process is in its own network already, and the loopback does not come up.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        with contextlib.suppress(OSError):  # without a map, files still work by the kernel's own ids
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    elif library.unshare(_CLONE_NEWNET) != 0:
        _logger.info("no private network: %s", os.strerror(ctypes.get_errno()))
        return False
    _raise_loopback()
    return True


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def free_port() -> int:
    """Return a port that is free on the loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def relay(listener: socket.socket, *, port: int, clients: int) -> Callable[[], None]:
    """Carry the bytes of outside clients to and from SUMO, in threads of their own.

    Parameters
    ----------
    listener
        Listens on the caller's loopback, made before `enter_private_network`.
    port
        SUMO's port in this network.
    clients
        How many clients are let in; then the listener closes.

    Returns
    -------
    A function that says goodbye to SUMO for every client: it would go on for as long as one of them steps, and
    fail if one just hung up.
    """
    inner: list[socket.socket] = []
    over = threading.Event()

    def let_in() -> None:
        with listener:
            for _ in range(clients):
                outside, _ = listener.accept()
                inside = socket.create_connection(("127.0.0.1", port))
                inner.append(inside)
                for source, sink, ends in ((outside, inside, over), (inside, outside, threading.Event())):
                    threading.Thread(target=_carry, args=(source, sink, ends), daemon=True).start()

    def hang_up() -> None:
        over.set()
        for line in inner:
            with contextlib.suppress(OSError):  # it has hung up by itself
                line.sendall(_TRACI_CLOSE)

    threading.Thread(target=let_in, daemon=True).start()
    return hang_up


def _carry(source: socket.socket, sink: socket.socket, over: threading.Event) -> None:
    with contextlib.suppress(OSError):  # one side has hung up: tell the other
        while (block := source.recv(_BLOCK_BYTES)) and not over.is_set():
            sink.sendall(block)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
