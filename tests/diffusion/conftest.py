"""Tiny networks need no threads."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Keep torch to one core: sums then come out the same everywhere."""
    torch.set_num_threads(1)
