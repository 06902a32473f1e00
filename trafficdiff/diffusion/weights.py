"""Read and sign files of tensors: safetensors, which hold numbers and no code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["digest_of", "read_tensors", "refuse_infinite"]


def read_tensors(path: Path, *, what: str, absent: str, other: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file, and the texts of its header.

    Parameters
    ----------
    path
        The file.
    what, absent, other
        What it should be, and what to do where there is none, or something else: words for the messages.

    Raises
    ------
    InputError
        If the file is missing, or no safetensors (a pickle, say).
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"{path}: expected {what}, found none; {absent}")
    try:
        with safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in file.keys()}, texts  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: expected {what}, got something else ({error}); {other}") from error


def digest_of(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    """Return the SHA-256 over texts, and names, types, shapes and bytes of tensors, hexadecimal; order is no matter."""
    total = hashlib.sha256()
    for name in sorted(texts):
        total.update(f"{name} {len(texts[name])}\n{texts[name]}\n".encode())
    for name in sorted(tensors):
        value = tensors[name]
        total.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        total.update(value.contiguous().view(torch.uint8).numpy().tobytes() if value.ndim else value.numpy().tobytes())
    return total.hexdigest()


def refuse_infinite(tensors: Mapping[str, Tensor], *, what: str) -> None:
    """Raise InputError if a number is not finite."""
    bad = [name for name, value in tensors.items() if not bool(torch.isfinite(value).all())]
    if bad:
        raise InputError(
            f"{what}: expected finite weights, got NaN or infinity in {', '.join(bad[:5])}; train again or fetch again"
        )
