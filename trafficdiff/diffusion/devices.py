"""Train on a processor or on a graphics card; on the card matrices are multiplied in bfloat16.

Batches are drawn on the processor, as ever, so that a seed means the same scenes on both.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch

from trafficdiff.diffusion.training import Trainer
from trafficdiff.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from trafficdiff.diffusion.batch import Batch, Corpus

__all__ = ["DEVICES", "DeviceTrainer", "device_named", "threads"]

DEVICES: Final = ("auto", "cpu", "cuda")


def device_named(name: str) -> torch.device:
    """Return a device; ``auto`` is a graphics card where there is one.

    Raises
    ------
    MissingDependencyError
        If a graphics card is asked for and this build of torch sees none.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise MissingDependencyError(
            "expected a CUDA device, torch sees none; give --device cpu, or install a CUDA build of torch and a driver"
        )
    return torch.device("cuda" if found and name != "cpu" else "cpu")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on so many threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Drawing:
    """Draw batches on the processor and move them."""

    def __init__(self, corpus: Corpus, device: torch.device) -> None:
        self.corpus, self.device = corpus, device

    def draw(self, generator: np.random.Generator) -> Batch:
        with torch.device("cpu"):
            batch = self.corpus.draw(generator)
        return _moved(batch, self.device)  # type: ignore[no-any-return]


def _moved(value: Any, device: torch.device) -> Any:
    """Return a tensor, or a dataclass of tensors, on another device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _moved(getattr(value, part.name), device) for part in fields(value)})
    return value


@dataclass
class DeviceTrainer(Trainer):
    """Train on a device.

    Parameters
    ----------
    device
        Where the network lives.
    bfloat16
        Whether matrices are multiplied in bfloat16; left out, on a graphics card only.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bfloat16: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.model.to(self.device)
        self.average.to(self.device)
        if self.device.type != "cpu":
            self.torch = torch.Generator(self.device).manual_seed(self.settings.seed)
        self.corpus = _Drawing(self.corpus, self.device)  # type: ignore[assignment]

    def step(self) -> dict[str, float]:
        """Take one step on the device, and return the losses."""
        half = self.device.type == "cuda" if self.bfloat16 is None else self.bfloat16
        if self.device.type == "cpu" and not half:
            return super().step()
        with torch.device(self.device), torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            return super().step()
