"""Judge staged edge cases beside a scene model: the same numbers, and what their own search achieved."""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.datatypes.motion_windows import WINDOW_S
from trafficdiff.errors import InputError
from trafficdiff.metrics.motion_conflicts import motion_conflicts
from trafficdiff.metrics.motion_realism import motion_divergences, motion_numbers
from trafficdiff.workflows.motion_judging import Asked, Judged, judge_made

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["judge_templates"]

_TABLE: Final = "scenes.csv"
_LEAST_S: Final = 1.0


def judge_templates(folder: Path, *, beside: Asked) -> Judged:
    """Return the row of a folder that `scenes make` made, compared with the recording that others are compared with.

    Of each scene the last eight seconds of its ego are judged: cases end soon after they were most critical. Its
    opponent is whom the ego came nearest to a collision with. Times to collision asked and achieved are those of the
    table beside the scenes, of cases whose question is one.

    Raises
    ------
    InputError
        If there are no such scenes.
    """
    from trafficdiff.datatypes.driving_scene_files import is_driving_scene, read_driving_scene

    found = [read_driving_scene(path) for path in sorted(folder.iterdir()) if is_driving_scene(path)]
    windows = [made for scene in found if (made := _window(scene)) is not None]
    if not windows:
        raise InputError(f"{folder}: expected scenes that `trafficdiff scenes make` made, found none")
    fine = [fine_states(window) for window in windows]
    asked = Asked(
        scenes=windows, others=_opponents(windows, fine), rest=[], ttc_s=np.full(len(windows), np.nan),
        angle_deg=np.full(len(windows), np.nan), numbers=motion_numbers(windows, fine), seed=beside.seed,
    )  # fmt: skip
    row = judge_made("templates (scenes make)", asked, fine)
    return dataclasses.replace(
        row, divergences=motion_divergences(row.numbers, beside.numbers), reached=_achieved(folder / _TABLE)
    )


def _window(scene: DrivingScene) -> MotionScene | None:
    """Return the last eight seconds of the ego, or all of it where that is less; None where it is hardly there."""
    from trafficdiff.workflows.motion_corpus import scene_at_start

    enters_s, leaves_s = (float(times[scene.ego_place]) for times in (scene.tracks.enter_s, scene.tracks.leave_s))
    if leaves_s - enters_s < _LEAST_S:
        return None
    return scene_at_start(scene, begin_s=max(enters_s, leaves_s - WINDOW_S), staged=True)


def _opponents(windows: list[MotionScene], fine: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Return with whom each ego came nearest to a collision; who is nearest where there was nobody."""
    others = np.array([min(1, len(window.user_id) - 1) for window in windows])
    critical = motion_conflicts(windows, fine).query("one == 0").sort_values("ttc_s", ascending=False)
    others[critical["scene"].to_numpy()] = critical["two"].to_numpy()
    return others


def _achieved(table: Path) -> dict[str, float]:
    """Return how near achieved times to collision came to those asked, of all cases that ask for one."""
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as stream_of_text:
        rows = [row for row in csv.DictReader(stream_of_text) if row["question"] == "ttc_s"]
    if not rows:
        return {}
    asked, achieved = (np.array([float(row[name] or "nan") for row in rows]) for name in ("asked", "achieved"))
    error = np.abs(achieved - asked) / asked
    error = np.where(np.isnan(error), np.inf, error)
    return {
        "ttc_within_10": float((error <= 0.1).mean()), "ttc_within_20": float((error <= 0.2).mean()),
        "ttc_error_median": float(np.median(error)),
    }  # fmt: skip
