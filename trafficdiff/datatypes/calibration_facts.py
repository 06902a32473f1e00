"""Say in numbers what demand was calibrated to and how well it fits; travels with the trips, a run and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PROVENANCE", "CalibrationFacts", "CountFit", "facts_of", "facts_said"]

PROVENANCE: Final = "calibration"
"""Key under which trips carry these facts."""
_MOST_ROWS: Final = 2_000
_GEH: Final = 5.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class CountFit(_Part):
    """Hold how one counted road is met, all its intervals together.

    Parameters
    ----------
    edge
        Id of the road.
    counted, modelled
        Vehicles per hour.
    geh
        The GEH statistic of the two.
    """

    edge: str
    counted: Annotated[float, Field(ge=0)]
    modelled: Annotated[float, Field(ge=0)]
    geh: Annotated[float, Field(ge=0)]


class CalibrationFacts(_Part):
    """Hold what demand was calibrated to.

    Parameters
    ----------
    counts
        Counted roads; None without counts.
    share_geh5
        Share of the counts (each interval of a road is one) with GEH < 5.
    unmet
        How many counts (each interval of a road is one) are not met, GEH 5 or more: they contradict others, or no trip
        can pass there.
    zones
        Zones with totals; None without totals.
    observed
        Observed trips; None without them.
    rows
        The counted roads, the worst first; of very many the worst ones.
    """

    counts: int | None = None
    share_geh5: float | None = None
    unmet: int = 0
    zones: int | None = None
    observed: int | None = None
    rows: tuple[CountFit, ...] = ()

    @property
    def sentence(self) -> str:
        """One line: calibrated to what, and how well."""
        parts = []
        if self.counts is not None:
            fit = "" if self.share_geh5 is None else f" (GEH < 5 on {self.share_geh5:.0%})"
            parts.append(f"{self.counts:,} {'count' if self.counts == 1 else 'counts'}{fit}")
        if self.zones is not None:
            parts.append(f"the totals of {self.zones:,} zones")
        if self.observed is not None:
            parts.append(f"{self.observed:,} observed trips")
        return f"calibrated to {', '.join(parts)}" if parts else "calibrated"


def facts_of(fit: Mapping[str, Any]) -> CalibrationFacts:
    """Return the facts of the card of a calibration (``FILE.fit.json``)."""
    counts, totals, observed = (fit.get(part) or {} for part in ("counts", "totals", "observed"))
    counted = counts.get("rows", ())
    rows = _by_road(counted)
    return CalibrationFacts(
        counts=len(rows) or None,
        share_geh5=counts.get("share_geh5"),
        unmet=sum(row["geh"] >= _GEH for row in counted),
        zones=totals.get("zones"),
        observed=observed.get("trips"),
        rows=tuple(sorted(rows, key=lambda row: (-row.geh, row.edge))[:_MOST_ROWS]),
    )


def facts_said(provenance: Mapping[str, str]) -> CalibrationFacts | None:
    """Return the facts that trips carry, or None for trips that nobody calibrated.

    Raises
    ------
    InputError
        If they carry something else under that name.
    """
    text = provenance.get(PROVENANCE)
    if text is None:
        return None
    try:
        return CalibrationFacts.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"expected what the trips were calibrated to, got {text[:80]!r}; write them again") from error


def _by_road(rows: Iterable[Mapping[str, Any]]) -> list[CountFit]:
    """Return a row a road: hourly means over its counted time, and their GEH."""
    sums: dict[str, list[float]] = {}
    for row in rows:
        one = sums.setdefault(str(row["edge"]), [0.0, 0.0, 0.0])
        one[0] += row["counted"]
        one[1] += row["modelled"]
        one[2] += (row["end_s"] - row["begin_s"]) / 3_600.0
    return [CountFit(edge=edge, **_hourly(*values)) for edge, values in sums.items()]


def _hourly(counted: float, modelled: float, hours: float) -> dict[str, float]:
    one, other = modelled / hours, counted / hours
    geh = (2 * (one - other) ** 2 / (one + other)) ** 0.5 if one + other else 0.0
    return {"counted": other, "modelled": one, "geh": geh}
