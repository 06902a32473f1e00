"""Open the scorecards that travel with the models: realism, calibration, privacy, charging, scenes.

::

    data/demand_model.scorecard.json      realism        data/privacy.scorecard.json            privacy
    data/calibration.scorecard.json       calibration    data/charging_model.scorecard.json     charging
    data/scene_model.scorecard.json       scenes

A card that is not there is missing, and says which command makes it; a card with a fault names every fault.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.scorecard import SUBJECTS, read_scorecard
from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trafficdiff.datatypes.scorecard import Scorecard, Subject

__all__ = ["COMMANDS", "Found", "scorecard_file", "scorecard_of", "scorecards"]

_FILES: Final[dict[Subject, str]] = {
    "realism": "demand_model.scorecard.json",
    "calibration": "calibration.scorecard.json",
    "privacy": "privacy.scorecard.json",
    "charging": "charging_model.scorecard.json",
    "scenes": "scene_model.scorecard.json",
}
COMMANDS: Final[dict[Subject, str]] = {
    "realism": "trafficdiff evaluate --network NET --routes REAL --model shipped",
    "calibration": "python scripts/evaluate_calibration.py CITIES -o data/calibration.scorecard.json",
    "privacy": "python scripts/measure_privacy.py --cities CITIES --sessions CHARGING -o data/privacy.scorecard.json",
    "charging": "trafficdiff evaluate --sessions SESSIONS --model shipped -o data/charging_model.scorecard.json",
    "scenes": "python scripts/evaluate_scene_model.py CORPORA --templates SCENES -o data/scene_model.scorecard.json",
}
"""What measures each of them."""
_TABLES: Final[dict[Subject, str]] = {"charging": "charging model", "scenes": "scene model"}
"""Whose own file holds the whole table, and of what."""


@dataclass(frozen=True)
class Found:
    """Hold one scorecard, or why there is none.

    Parameters
    ----------
    subject
        What it is about.
    card
        None where it is missing or cannot be read.
    fault
        Why, empty where it is merely missing.
    """

    subject: Subject
    card: Scorecard | None = None
    fault: str = ""


def scorecards(subjects: Iterable[Subject] = SUBJECTS) -> tuple[Found, ...]:
    """Return what is found of each subject, in order."""
    return tuple(_found(subject) for subject in subjects)


def _found(subject: Subject) -> Found:
    try:
        if not scorecard_file(subject).is_file():
            return Found(subject)
        return Found(subject, scorecard_of(subject))
    except InputError as error:
        return Found(subject, fault=str(error))


def scorecard_file(subject: Subject) -> Path:
    """Return where the scorecard of a subject lies, or would lie."""
    return bundled("data/demand_model.safetensors").with_name(_FILES[subject])


def scorecard_of(subject: Subject, path: Path | None = None) -> Scorecard:
    """Return a scorecard that travels with the models.

    Raises
    ------
    InputError
        If there is none, it is something else, or it is about something else; every fault is listed.
    """
    path = scorecard_file(subject) if path is None else path
    card = _of_table(subject, path) if subject in _TABLES else read_scorecard(path)
    if card.subject != subject:
        raise InputError(f"{path}: expected a scorecard about {subject}, got one about {card.subject}")
    return card


def _of_table(subject: Subject, path: Path) -> Scorecard:
    """Return the figures of a model whose own file holds the whole table."""
    from trafficdiff.workflows.charging_scorecard import charging_scorecard
    from trafficdiff.workflows.scene_scorecard import scene_scorecard

    made = {"charging": charging_scorecard, "scenes": scene_scorecard}[subject]
    try:
        return made(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: expected the {_TABLES[subject]}'s scorecard, got another file ({error})") from error
