"""Put privacy audits into one scorecard, in the form that the dashboard and reports show."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow
from trafficdiff.errors import InputError
from trafficdiff.metrics.privacy_gates import NAMES, Gate
from trafficdiff.workflows.privacy_audit import Audited, PrivacyAudit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["audits_in", "privacy_card"]

_UNITS: Final = {
    "exact_copies": "share",
    "copies_over_floor": "share",
    "closer_share": "share",
    "attack_found": "share",
    "reference_attack_found": "share",
}
_CELLS: Final = "cells"
_NOTES: Final = {
    "en": (
        "Every figure is of a model that learned from one half of the trips or sessions, judged by the other half.",
        "Every goal is one that a model which memorises on purpose misses; its figure stands beside.",
        "Copies: where reality repeats itself, so do trips that nobody learned from. The floor is their own rate.",
        "Passed goals are no proof of anonymity: another attack may find more.",
    ),
    "de": (
        "Jede Zahl gehört zu einem Modell, das aus der einen Hälfte der Fahrten oder Ladevorgänge gelernt hat und an "
        "der anderen gemessen wird.",
        "Jedes Ziel verfehlt ein Modell, das mit Absicht auswendig lernt; dessen Zahl steht daneben.",
        "Kopien: Wo die Wirklichkeit sich wiederholt, tun es auch Fahrten, aus denen niemand gelernt hat. Deren "
        "eigener Anteil ist die Untergrenze.",
        "Erreichte Ziele beweisen keine Anonymität: Ein anderer Angriff findet womöglich mehr.",
    ),
}


def privacy_card(
    audits: Sequence[PrivacyAudit], *, made_with: Sequence[str], checkpoint_sha256: str | None = None
) -> Scorecard:
    """Return the scorecard of audits: a row for each gate of each model, its control's figure beside it.

    Of several audits of one kind (``trips, CITY``) a row shows the worst, and says which that is; all figures are in
    the details.

    Parameters
    ----------
    audits
        At least one, with a model each.
    made_with
        The commands that measure them again.
    checkpoint_sha256
        Which checkpoint was measured, where it is one that is published.

    Raises
    ------
    InputError
        If there is nothing to show.
    """
    kinds: dict[tuple[str, str, str], list[tuple[Gate, PrivacyAudit]]] = {}
    for audit in audits:
        for model in audit.rows:
            for gate in model.gates:
                if not model.control and math.isfinite(gate.value):
                    kinds.setdefault((_kind(audit), model.name, gate.key), []).append((gate, audit))
    if not kinds:
        raise InputError("expected an audit of at least one model for a scorecard, got none")
    return Scorecard(
        subject="privacy",
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        made_with=tuple(made_with),
        checkpoint_sha256=checkpoint_sha256,
        rows=tuple(_row(found, model=model) for (_, model, _), found in kinds.items()),
        notes=_NOTES,
        details={"audits": [audit.as_dict() for audit in audits]},
    )


def audits_in(card: Scorecard) -> tuple[PrivacyAudit, ...]:
    """Return the audits that a card was made of, so that cards can be joined.

    Raises
    ------
    InputError
        If the card is of something else.
    """
    try:
        return tuple(_audit(one) for one in card.details["audits"])
    except (KeyError, TypeError) as error:
        raise InputError(f"expected the scorecard of a privacy audit, got one of {card.subject}: {error}") from error


def _audit(values: dict[str, Any]) -> PrivacyAudit:
    rows = tuple(
        Audited(name=row["model"], control=row["control"], gates=tuple(_gate(gate) for gate in row["gates"]))
        for row in values["models"]
    )
    names = ("subject", "training", "held_out", "drawn", "cpu_s", "seed")
    return PrivacyAudit(rows=rows, **{name: values[name] for name in names})


def _gate(values: dict[str, Any]) -> Gate:
    plain = {name: values[name] for name in ("low", "high", "count", "judged", "floor", "decides")}
    value = math.nan if values["value"] is None else values["value"]
    return Gate(key=values["gate"], value=value, **plain)


def _kind(audit: PrivacyAudit) -> str:
    return audit.subject.split(",", 1)[0]


def _row(found: Sequence[tuple[Gate, PrivacyAudit]], *, model: str) -> ScorecardRow:
    """Return the row of the worst of some figures of one gate and model; what decides is worse than what does not."""
    gate, audit = max(found, key=lambda one: (one[0].decides, one[0].high if one[0].judged == "high" else one[0].value))
    control = _control(gate.key, [audit for _, audit in found])
    place = audit.subject if len(found) == 1 else f"{audit.subject} (the worst of {len(found)})"
    return ScorecardRow(
        key=gate.key,
        name=NAMES[gate.key],
        of=f"{place}: {model}",
        model=gate.value,
        low=min(gate.low, gate.value),
        high=max(gate.high, gate.value),
        floor=gate.floor,
        control=None if control is None else control[1].value,
        control_name="" if control is None else control[0],
        aim=gate.limit,
        judged="high" if gate.judged == "high" else "model",
        better="low",
        decides=gate.decides,
        count=gate.count or None,
        unit=_CELLS if gate.key == "small_cells" else _UNITS.get(gate.key, ""),
    )


def _control(key: str, audits: Sequence[PrivacyAudit]) -> tuple[str, Gate] | None:
    """Return name and figure of the control that comes nearest to passing a gate."""
    found = [
        (row.name, gate) for audit in audits for row in audit.rows if row.control for gate in row.gates
        if gate.key == key
    ]  # fmt: skip
    return min(found, key=lambda one: one[1].value, default=None)
