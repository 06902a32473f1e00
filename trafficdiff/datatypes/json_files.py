"""Read small JSON files that have a schema, with every fault named."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_json"]

_Content = TypeVar("_Content", bound=BaseModel)


def read_json(path: Path, content: type[_Content], *, what: str, most_bytes: int, hint: str = "") -> _Content:
    """Return what a file holds.

    Parameters
    ----------
    path, content
        The file, and its schema.

    Other Parameters
    ----------------
    what, most_bytes
        What it is called, for example "scorecard", and how large it may be.
    hint
        What to do where there is none.

    Raises
    ------
    InputError
        If there is none, or it is something else; every fault is listed.
    """
    try:
        if path.stat().st_size > most_bytes:
            raise InputError(f"{path}: expected a {what} of at most {most_bytes:,} bytes, got a larger file")
        return content.model_validate_json(path.read_bytes())
    except OSError as error:
        told = f"{path}: expected a {what}, got none ({error.strerror})"
        raise InputError(f"{told}; {hint}" if hint else told) from error
    except ValidationError as error:
        faults = Faults(f"{path}: {what}")
        for one in error.errors(include_url=False):
            faults.add(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg'].removeprefix('Value error, ')}")
        faults.raise_if_any(InputError)
        raise
