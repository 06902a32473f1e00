"""Run ASAM's checkers on OpenSCENARIO and OpenDRIVE files: ``python check_asam.py RESULT.json FILE...``."""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

KINDS = {
    ".xosc": ("qc_openscenario", "asam-qc-openscenarioxml", "OpenSCENARIO XSD"),
    ".xodr": ("qc_opendrive", "asam-qc-opendrive", "OpenDRIVE XSD"),
}


def check(file: Path) -> list[dict[str, Any]]:
    """Return what the schema check and all other checks together found."""
    from qc_baselib import Configuration, Result

    package, distribution, schema = KINDS[file.suffix]
    main, constants = import_module(f"{package}.main"), import_module(f"{package}.constants")
    config, result = Configuration(), Result()
    config.set_config_param("InputFile", str(file.resolve()))
    result.register_checker_bundle(
        name=constants.BUNDLE_NAME, description="", version=constants.BUNDLE_VERSION, summary=""
    )
    result.set_result_version(version=constants.BUNDLE_VERSION)
    main.run_checks(config, result)
    found: dict[bool, list[str]] = {True: [], False: []}
    skipped = []
    for checker in result.get_checker_results(constants.BUNDLE_NAME):
        status = getattr(checker.status, "value", str(checker.status))
        is_schema = checker.checker_id.endswith("valid_schema")
        if status == "skipped":
            skipped.append(checker.checker_id)
        elif status != "completed":
            found[is_schema].append(f"{checker.checker_id}: {status}: {checker.summary}")
        for issue in checker.issues:
            places = [place.xpath for where in issue.locations for place in where.xml_location]
            lines = [f"line {place.row}" for where in issue.locations for place in where.file_location]
            text = " ".join([issue.description, *[where.description for where in issue.locations]])
            found[is_schema].append(f"{checker.checker_id}: {text} {' '.join([*lines, *places])}".strip())
    release = version(distribution)
    return [
        {"file": str(file), "checker": schema, "version": release, "issues": found[True]},
        {"file": str(file), "checker": distribution, "version": release, "issues": found[False],
         "facts": {"skipped": skipped}},
    ]  # fmt: skip


def main(output: str, *files: str) -> None:
    """Check all files and write what was found."""
    logging.disable(logging.INFO)
    found = [row for file in files for row in check(Path(file))]
    Path(output).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
