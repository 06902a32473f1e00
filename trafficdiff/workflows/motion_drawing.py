"""Draw AV scenes with the scene model: from who is where at a first moment to eight seconds of everybody.

::

    AV scene ─▶ motion scene ─▶ drawn (guided, if asked) ─▶ tracks on the net's edges ─▶ AV scene
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled
from trafficdiff.workflows.motion_corpus import fitted, lane_map_of, scene_at_start
from trafficdiff.workflows.train_motion import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene

__all__ = ["DrawnDrivingScene", "as_driving_scene", "draw_driving_scenes", "drawn_tracks", "scene_model"]


@dataclass(frozen=True, eq=False)
class DrawnDrivingScene:
    """Hold an AV scene that was drawn, and how it was drawn."""

    scene: DrivingScene
    drawn: DrawnScene


@lru_cache(maxsize=2)
def scene_model(path: Path | None = None) -> MotionCheckpoint:
    """Return a scene model, the shipped one by default.

    Raises
    ------
    InputError
        If the file is missing, damaged, or of another model.
    """
    from trafficdiff.diffusion.motion_checkpoint import read_motion_checkpoint

    return read_motion_checkpoint(bundled(SHIPPED) if path is None else path)


def draw_driving_scenes(
    scenes: Sequence[DrivingScene],
    *,
    seed: int,
    checkpoint: Path | None = None,
    begin_s: float | None = None,
    guidance: Sequence[Guidance] | None = None,
    known: Sequence[NDArray[np.bool_]] | None = None,
    staged: bool = False,
) -> list[DrawnDrivingScene]:
    """Return each scene as the model goes on from its first moment; users keep their own times of entering and leaving.

    Parameters
    ----------
    scenes
        Who is where, on which map, under which sky and signals.
    seed
        Of everything random.

    Other Parameters
    ----------------
    checkpoint
        The model; the shipped one if None.
    begin_s
        Moment to begin at [s of the simulated day]; each scene's first if None.
    guidance
        What is asked, one each. Users are counted as in the motion scene: the ego is 0, then by how near they come.
    known
        Controls that stay as they are in the scene, one each: shape (A, STEPS).
    staged
        Whether the model takes the scene for one in which somebody plays a part.

    Raises
    ------
    InputError
        If an ego is not there, or what is asked is not possible.
    """
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    if not scenes:
        raise InputError("expected at least one scene to draw, got none")
    model = scene_model(checkpoint)
    starts = [scene_at_start(scene, begin_s=begin_s, staged=staged) for scene in scenes]
    if known is not None:
        starts = fitted(starts)
    drawn = sample_scenes(model.members, starts, seed=seed, known=known, guidance=guidance)
    return [
        DrawnDrivingScene(as_driving_scene(scene, one, model, seed=seed), one)
        for scene, one in zip(scenes, drawn, strict=True)
    ]


def drawn_tracks(drawn: DrawnScene, *, net_file: Path, edge_index: dict[str, int]) -> Tracks:
    """Return what was drawn as tracks in the net's coordinates, on its edges."""
    import dataclasses

    from trafficdiff.datatypes.motion_windows import tracks_of_motion

    tracks = tracks_of_motion(drawn.scene, drawn.fine.astype(np.float64), drawn.present)
    names = lane_map_of(net_file).edges_under(np.column_stack([tracks.x_m, tracks.y_m]), heading_rad=tracks.heading_rad)
    edge = np.array([edge_index.get(str(name), -1) for name in names], np.int32)
    return dataclasses.replace(tracks, edge=edge)


def as_driving_scene(scene: DrivingScene, drawn: DrawnScene, model: MotionCheckpoint, *, seed: int) -> DrivingScene:
    """Return a scene with what was drawn instead of its tracks, which say so; edges may be others than the scene's."""
    import dataclasses

    lanes = lane_map_of(scene.net_file).shapes.lanes.values()
    edges = sorted({*map(str, scene.edge_id), *(lane.edge_id for lane in lanes if not lane.function)})
    tracks = drawn_tracks(drawn, net_file=scene.net_file, edge_index={name: place for place, name in enumerate(edges)})
    told = {f"guided_{name}": f"{value:.3f}" for name, value in drawn.reached.items()}
    return dataclasses.replace(
        scene, tracks=tracks, edge_id=np.array(edges, object),
        provenance={
            **scene.provenance, "synthetic": "true", "drawn_by": "trafficdiff scene model",
            "scene_model_sha256": model.sha256, "scene_model_seed": str(seed),
            "guidance_nats": f"{drawn.spent:.3f}", "log_weight": f"{drawn.log_ratio:.4f}", **told,
        },
    )  # fmt: skip
