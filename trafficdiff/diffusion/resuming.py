"""Keep a training on disk, so that one that was stopped goes on as if it had not been.

One safetensors file holds numbers and no code: weights, their average, the optimiser's moments, and the state of every
generator. It is replaced in one step, so a killed training leaves the last whole one behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from trafficdiff.diffusion.weights import digest_of, read_tensors
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.diffusion.training import Trainer

__all__ = ["FORMAT", "restore", "save"]

FORMAT: Final = "trafficdiff training 2"
_MODULES: Final = ("model", "average")
_DICE: Final = "dice"
"""Generator of the dropout: the global one of the device that is trained on."""


def save(trainer: Trainer, path: Path, *, about: Mapping[str, Any]) -> None:
    """Write the state of a training to one file, whole or not at all.

    Parameters
    ----------
    trainer
        Between two steps.
    path
        A file; one that is there is replaced.
    about
        Plain values that say what is trained on what, for `restore` to compare, and what was told so far.
    """
    from safetensors.torch import save as packed

    state = trainer.state()
    tensors: dict[str, Tensor] = {"torch": state["torch"], _DICE: _dice(trainer)}
    for module in _MODULES:
        tensors |= {f"{module}.{name}": value for name, value in state[module].items()}
    for number, member in enumerate(state["finished"]):
        tensors |= {f"finished.{number}.{name}": value for name, value in member.items()}
    moments, groups = state["optimiser"]["state"], state["optimiser"]["param_groups"]
    tensors |= {f"optimiser.{place}.{name}": value for place, kept in moments.items() for name, value in kept.items()}
    tensors = {name: value.detach().to("cpu").contiguous() for name, value in tensors.items()}
    plain = {
        "numpy": state["numpy"],
        "groups": groups,
        "spent_s": state["spent_s"],
        "steps": state["steps"],
        "begun": state["begun"],
        "finished": len(state["finished"]),
        "about": dict(about),
    }
    text = json.dumps(plain)
    content = packed(tensors, {"format": FORMAT, "state": text, "sha256": digest_of(tensors, {"state": text})})
    with publishing_file(path) as staged:
        staged.write_bytes(content)


def restore(trainer: Trainer, path: Path, *, same: Mapping[str, Any]) -> dict[str, Any]:
    """Put a training where `save` left it, and return what was said about it.

    Parameters
    ----------
    trainer
        A new one, of the same scenes and settings.
    path
        As `save` wrote it.
    same
        What must be the same as it was then, key by key of `about`.

    Raises
    ------
    InputError
        If the file is missing, damaged, or of another training; the message names what differs.
    """
    tensors, plain = _read(path)
    about: dict[str, Any] = plain["about"]
    _refuse_others(path, about, same)
    try:
        for number in range(plain["finished"]):
            trainer.next_member()
            trainer.finished[number].load_state_dict(_below(tensors, f"finished.{number}."))
        for module in _MODULES:
            getattr(trainer, module).load_state_dict(_below(tensors, f"{module}."))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(tensors, "optimiser.").items():
            place, _, moment = name.partition(".")
            moments.setdefault(int(place), {})[moment] = value
        groups = [group | {"betas": tuple(group["betas"])} for group in plain["groups"]]  # JSON knows no tuples
        trainer.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        trainer.numpy.bit_generator.state = plain["numpy"]
        trainer.torch.set_state(tensors["torch"])
        _set_dice(trainer, tensors[_DICE])
        trainer.spent_s, trainer.steps, trainer.begun = float(plain["spent_s"]), plain["steps"], plain["begun"]
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(f"{path}: the state does not fit this training ({error}); start a new one") from error
    return about


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors, metadata = read_tensors(
        path,
        what="the state of a training",
        absent="start a new one",
        other="delete it and start a new one",
    )
    if metadata.get("format") != FORMAT:
        raise InputError(f"{path}: expected format {FORMAT!r}, got {metadata.get('format')!r}; start a new training")
    text = metadata.get("state", "")
    if digest_of(tensors, {"state": text}) != metadata.get("sha256"):
        raise InputError(f"{path}: the state is not what was saved, the file is damaged; delete it and start a new one")
    return tensors, json.loads(text)


def _refuse_others(path: Path, about: Mapping[str, Any], same: Mapping[str, Any]) -> None:
    wanted = json.loads(json.dumps(dict(same)))
    if other := sorted(name for name, value in wanted.items() if about.get(name) != value):
        raise InputError(
            f"{path}: expected a training of the same {', '.join(other)}, got another one; give what it was begun "
            "with, or delete the file and start a new one"
        )


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _dice(trainer: Trainer) -> Tensor:
    device = trainer.torch.device
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_dice(trainer: Trainer, state: Tensor) -> None:
    device = trainer.torch.device
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
