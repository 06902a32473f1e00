"""Make guided scenes until there are enough, export them in every format, ask every outside checker, say who passes.

Prints how many are kept, achieved against asked time to collision and angle, what each checker says, and CPU seconds.
``make validators`` builds the checkers. Usage, from a checkout:

    trafficdiff run networks/helsinki/safety.yaml -o runs/safety
    python scripts/check_guided_scenes.py runs/safety --count 100

Options of ``trafficdiff scenes make guided`` follow after two dashes: ``... runs/safety -- --ttc 0.8:1.5 --ego idm``.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.check_edge_cases import asked_all

PROGRAM = str(Path(sys.executable).with_name("trafficdiff"))
USUAL = ("--ttc", "0.8:1.5")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "source", type=Path, nargs="+", help="a run with fine tracks, AV scenes, or folders of guided ones"
    )
    arguments.add_argument("--count", type=int, default=100, help="guided scenes to check")
    arguments.add_argument("--cases", type=int, default=50, help="cases that are asked for at once")
    arguments.add_argument("--batches", type=int, default=20, help="how often at most")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", type=Path, help="where the scenes stay; default nowhere")
    words = sys.argv[1:]
    own = words.index("--") if "--" in words else len(words)
    asked = arguments.parse_args(words[:own])
    asked.options = words[own + 1 :]
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        home = asked.keep or Path(scratch)
        batches = asked.source if all(map(is_guided, asked.source)) else made(asked, home)
        check(batches, most=asked.count)


def is_guided(folder: Path) -> bool:
    """Return whether somebody made guided scenes there already."""
    path = folder / "scenes.json"
    return path.is_file() and any("nats" in case for case in cases_of(folder))


def cases_of(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "scenes.json").read_text(encoding="utf-8"))["scenes"])


def made(asked: argparse.Namespace, home: Path) -> list[Path]:
    """Make batches of guided scenes, each with a seed of its own, until enough are kept; return their folders."""
    folders: list[Path] = []
    kept = 0
    for number in range(asked.batches):
        folder = home / f"guided-{number}"
        command = [
            PROGRAM, "scenes", "make", "guided", "--from", str(asked.source[0]), "--count", str(asked.cases), "--seed",
            str(asked.seed + number), *(asked.options or USUAL), "-o", str(folder),
        ]  # fmt: skip
        begun = children_s()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr or done.stdout)
        cases = cases_of(folder)
        kept += sum(case["valid"] for case in cases)
        folders.append(folder)
        print(
            f"batch {number + 1}: {sum(case['valid'] for case in cases)} of {len(cases)} cases kept, "
            f"{sum(case['draws'] for case in cases):,} draws, {children_s() - begun:.0f} CPU s; {kept} in all",
            flush=True,
        )  # fmt: skip
        if kept >= asked.count:
            return folders
    print(f"only {kept} of {asked.count} after {asked.batches} batches")
    return folders


def check(batches: list[Path], *, most: int) -> None:
    """Say how near what came out is to what was asked, ask every checker about the first scenes, and say who passes."""
    cases = [case for folder in batches for case in cases_of(folder)]
    kept = [case for case in cases if case["valid"]]
    told(cases, kept)
    passed: Counter[str] = Counter()
    failed: dict[str, set[str]] = {}
    left, begun = most, children_s() + own_s()
    for folder in batches:
        names = [case["scene"] for case in cases_of(folder) if case["valid"]][:left]
        left -= len(names)
        if names:
            with tempfile.TemporaryDirectory() as scratch:
                some = taken(folder, names, Path(scratch) / "scenes")
                failed |= {f"{folder.name}/{one}": why for one, why in asked_all(some, names, passed).items()}
    checked = most - left
    print(f"\nexport and checkers: {children_s() + own_s() - begun:.0f} CPU s")
    print("\n| checker | files | passed |\n|---|---|---|")
    for name in sorted(one.removesuffix(" files") for one in passed if one.endswith(" files")):
        print(f"| {name} | {passed[f'{name} files']} | {passed[f'{name} passed']} |")
    print(f"\n{checked - len(failed)} of {checked} guided scenes pass every checker")
    for scene, reasons in list(failed.items())[:20]:
        print(f"{scene}: {'; '.join(sorted(reasons))}")


def taken(folder: Path, names: list[str], target: Path) -> Path:
    """Return a folder with some scenes of another, and the nets that they lie on."""
    target.mkdir()
    for name in names:
        shutil.copytree(folder / name, target / name)
    for net in folder.glob("net*.xml.gz"):
        shutil.copy(net, target)
    return target


def told(cases: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
    """Print what was asked and achieved."""
    print(f"kept {len(kept)} of {len(cases)} cases after {sum(case['draws'] for case in cases):,} draws")
    if not kept:
        sys.exit("nothing to check")
    off = np.array([abs(case["achieved"] - case["asked"]) / case["asked"] for case in kept])
    print(f"time to collision: off by {np.median(off):.1%} (median), {off.max():.1%} (largest) of what was asked")
    if angles := [(case["asked_angle_deg"], case["angle_deg"]) for case in kept if case["asked_angle_deg"] is not None]:
        off_deg = np.abs([(got - want + 180) % 360 - 180 for want, got in angles])
        print(f"angle: off by {np.median(off_deg):.1f} degrees (median), {off_deg.max():.1f} (largest)")
    nats = np.array([case["nats"] for case in kept])
    print(f"led by {np.median(nats):.1f} nat (median), {nats.max():.1f} (largest)")
    print(f"types: {dict(Counter(case['type'] for case in kept).most_common())}")


def children_s() -> float:
    """Return the processor time of all processes that were started and have ended [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
