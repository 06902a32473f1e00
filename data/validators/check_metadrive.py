"""Run MetaDrive's sanity check on ScenarioNet files: ``python check_metadrive.py RESULT.json FILE...``."""

from __future__ import annotations

import json
import pickle
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


class PlainUnpickler(pickle.Unpickler):
    """Load texts, numbers, containers and numpy arrays, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class by name if it only builds arrays."""
        if module.partition(".")[0] == "numpy" and name in {
            "_reconstruct",
            "ndarray",
            "dtype",
            "scalar",
            "_frombuffer",
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"expected plain data and numpy arrays, got {module}.{name}")


def check(file: str) -> dict[str, Any]:
    """Return what the sanity check has against a scenario, and how much is in it."""
    from metadrive.scenario.scenario_description import ScenarioDescription

    issues, facts = [], {}
    try:
        with Path(file).open("rb") as stream:
            scenario = PlainUnpickler(stream).load()
        ScenarioDescription.sanity_check(scenario, check_self_type=True, valid_check=True)
        facts = {"steps": scenario["length"], "tracks": len(scenario["tracks"]),
                 "map features": len(scenario["map_features"])}  # fmt: skip
    except Exception as error:  # whatever the check raises is a finding about the file
        issues.append(f"{type(error).__name__}: {error}")
    release = version("metadrive-simulator")
    return {"file": file, "checker": "MetaDrive sanity_check", "version": release, "issues": issues, "facts": facts}


def main(output: str, *files: str) -> None:
    """Check all files and write what was found."""
    Path(output).write_text(json.dumps([check(file) for file in files]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
