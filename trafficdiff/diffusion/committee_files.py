"""Keep a committee of networks in one safetensors file, which holds numbers and no code.

The header's metadata carries whatever texts its reader needs, and a SHA-256 of all of these and the weights, so that a
file which lost a bit, or holds numbers that are not finite, is refused before anything is drawn from it. Pickles are
never opened. Weights are kept in half precision, which halves the file; they compute in single precision.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from trafficdiff.diffusion.weights import digest_of, read_tensors, refuse_infinite
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["read_committee", "restored_members", "restoring", "write_committee"]

Member = TypeVar("Member", bound=nn.Module)


def write_committee(
    path: Path, members: Sequence[nn.Module], *, texts: Mapping[str, str], tables: Mapping[str, Tensor] | None = None
) -> str:
    """Write networks, texts, and tables that belong to none of the networks to one file, and return its SHA-256.

    The file comes out whole or not at all.

    Raises
    ------
    InputError
        If a weight is not finite: such a model is not worth keeping.
    """
    from safetensors.torch import save

    weights = {
        f"{number}.{name}": value.detach().to("cpu", torch.float16).contiguous()
        for number, member in enumerate(members)
        for name, value in member.state_dict().items()
    }
    weights |= {name: value.to(torch.float16).contiguous() for name, value in (tables or {}).items()}
    refuse_infinite(weights, what=str(path))
    digest = digest_of(weights, texts)
    with publishing_file(path) as staged:
        staged.write_bytes(
            save(weights, {**texts, "sha256": digest})
        )  # `save_file` makes files that only their owner can read
    return digest


def read_committee(
    path: Path, *, what: str, form: str, texts: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the weights and the metadata of a file that is what it says and has lost nothing.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for the messages.
    form
        The format that its metadata must name.
    texts
        Names of the texts that it must hold, ``format`` among them.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_tensors(
        path,
        what=what,
        absent="train one or give another path",
        other="pickles (.pt, .ckpt) are not opened, for they can run code",
    )
    if metadata.get("format", form) != form:
        raise InputError(
            f"{path}: expected format {form!r}, got {metadata['format']!r}: another model's file, or an older "
            "one; give the right one, or train it again"
        )
    required = (*texts, "sha256")
    if missing := [name for name in required if name not in metadata]:
        raise InputError(f"{path}: expected metadata {', '.join(required)}, missing {', '.join(missing)}")
    refuse_infinite(weights, what=str(path))
    if (digest := digest_of(weights, {name: metadata[name] for name in texts})) != metadata["sha256"]:
        raise InputError(
            f"{path}: expected content of SHA-256 {metadata['sha256'][:16]}..., got {digest[:16]}...; "
            "the file is damaged, fetch it again"
        )
    return weights, metadata


@contextlib.contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Turn whatever metadata and weights of different models cause into one error that names the file.

    Raises
    ------
    InputError
        If they do not fit together.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{path}: the metadata and the weights do not fit together ({error}); train it again"
        ) from error


def restored_members(weights: Mapping[str, Tensor], new: Callable[[], Member]) -> tuple[Member, ...]:
    """Return the networks of a file in evaluation mode, each made by `new` and given its weights.

    Raises
    ------
    ValueError, KeyError, RuntimeError
        If the weights are not those of such networks.
    """
    by_member: dict[int, dict[str, Tensor]] = {}
    for name, value in weights.items():
        member, _, own = name.partition(".")
        by_member.setdefault(int(member), {})[own] = value.float()
    members = []
    for number in range(max(by_member, default=0) + 1):
        model = new()
        model.load_state_dict(by_member[number])
        members.append(model.eval().requires_grad_(requires_grad=False))
    return tuple(members)
