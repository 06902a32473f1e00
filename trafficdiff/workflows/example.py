"""Put the example study's scenario files into a folder: a morning in Helsinki, and the same with one street closed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import OutputError
from trafficdiff.publish import publishing_file
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NAME", "SAMPLES", "example_command", "write_example"]

NAME: Final = "Kaivokatu closed"
"""Of the study."""
SAMPLES: Final = 10
"""Enough to tell single roads from chance (docs/comparison.md); five leave the map of delay grey. Done in minutes."""

_FOLDER: Final = "scenarios"
_FILES: Final = ("morning.yaml", "kaivokatu_closed.yaml")
_SCHEMA_LINE: Final = re.compile(rb"\A# yaml-language-server:[^\n]*\n")


def write_example(root: Path) -> tuple[str, ...]:
    """Write the two scenario files below a folder, where they are not there yet; return their names, the base first.

    Raises
    ------
    OutputError
        If a file of that name says something else: nobody's work is written over.
    """
    names = tuple(f"{_FOLDER}/{file}" for file in _FILES)
    wanted = {root / name: _content(file) for name, file in zip(names, _FILES, strict=True)}
    taken = [path for path, content in wanted.items() if path.exists() and path.read_bytes() != content]
    if taken:
        listed = ", ".join(f"{_FOLDER}/{path.name}" for path in taken)
        raise OutputError(f"expected the example's own {listed}, found other content; rename yours first")
    try:
        (root / _FOLDER).mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{_FOLDER}: expected a folder that can be written, got {error.strerror}") from error
    for path, content in wanted.items():
        if not path.exists():
            with publishing_file(path) as temporary:
                temporary.write_bytes(content)
    return names


def example_command() -> str:
    """Return the line for a terminal that makes the study from these files."""
    files = " ".join(f"{_FOLDER}/{file}" for file in _FILES)
    return f"trafficdiff ensemble {files} --samples {SAMPLES} -o 'studies/{NAME}'"


def _content(file: str) -> bytes:
    """Return a bundled file without its first line, which leads to a schema that is elsewhere from here."""
    return _SCHEMA_LINE.sub(b"", (bundled("networks/helsinki") / file).read_bytes())
