"""The floors of the house hold, and public names are what they say."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import trafficdiff

ROOT = Path(__file__).resolve().parent.parent


def modules() -> list[str]:
    return [info.name for info in pkgutil.walk_packages(trafficdiff.__path__, "trafficdiff.")]


def test_no_step_imports_another() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("name", modules())
def test_public_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    public = getattr(module, "__all__", None)
    if public is None:
        assert name.rsplit(".", 1)[-1] in {"store", "roads", "demand", "export", "scenarios", "simulation", "workflows"}
        assert not [word for word, value in vars(module).items() if callable(value)], f"{name} has no __all__"
        return
    assert all(hasattr(module, word) for word in public)
    constants, classes, functions = (
        [word for word in public if rule(word)]
        for rule in (str.isupper, lambda word: word[0].isupper() and not word.isupper(), str.islower)
    )
    assert list(public) == sorted(constants) + sorted(classes) + sorted(functions)


def test_no_module_is_called_utils() -> None:
    assert not {"utils", "helpers", "common", "misc"} & {name.rsplit(".", 1)[-1] for name in modules()}
