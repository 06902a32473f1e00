"""Describe a case that the scene model was led to: from which scene, against whom, what it cost, what came out."""

from __future__ import annotations

from pydantic import Field

from trafficdiff.datatypes.edge_case import EdgeCase, Question

__all__ = ["ANGLE_TOLERANCE_DEG", "KEPT_S", "GuidedCase"]

KEPT_S: float = 1.0
"""How much of a scene's beginning stays as it was [s]."""
ANGLE_TOLERANCE_DEG: float = 15.0
"""Largest deviation of the angle at which two are closest from the one asked [degrees]."""


class GuidedCase(EdgeCase):
    """Hold one guided case; ``type`` is one of `metrics.scene_types`, ``guided`` where it is not kept."""

    question: Question = "ttc_s"
    source: str = Field(description="Scene that it goes on from.")
    ego: str = ""
    other: str = Field(default="", description="User who is led to the ego.")
    asked_angle_deg: float | None = Field(default=None, description="Of the other against the ego when closest.")
    asked_bearing_deg: float | None = Field(default=None, description="Where the ego sees the other when closest.")
    bearing_deg: float | None = Field(default=None, description="Where it did: 0 ahead, 90 on the left.")
    pet_s: float | None = Field(default=None, description="Time between the two at one place [s]; null for none.")
    draws: int = Field(default=0, description="Scenes that were drawn for it.")
    budget_nats: float = Field(default=0.0, description="What guidance was allowed to cost.")
    nats: float | None = Field(default=None, description="What it cost, of the draw that is kept.")
    log_weight: float | None = Field(default=None, description="Logarithm of the importance weight of that draw.")
    driven_by: str = Field(default="drawn", description="Who drove the ego: as drawn, sumo, or a policy.")
    replans: int = Field(default=0, description="How often another plan of the others was taken while it happened.")
