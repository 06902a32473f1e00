"""Plan where to build chargers within a budget, and publish the plan whole.

::

    DIR/plan.json        the plan: sites, costs, what it saves, bound, random placement beside it, assumptions
        sites.geojson    the sites for a map
        stations.csv     today's stations and the new ones, as a scenario reads them
        scenario.yaml    the scenario with them
    DIR.confirm/runs/    with `confirm`: simulations before and after

The search knows no traffic (`trafficdiff.demand.siting_problem`); `confirm` simulates what it found.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from trafficdiff.datatypes.charging_site_plan import SitingPlan
from trafficdiff.datatypes.charging_sites import SiteCosts, merged
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import read_scenario, write_scenario
from trafficdiff.errors import Faults, InputError
from trafficdiff.publish import publishing, real_path, refuse_taken
from trafficdiff.workflows.plan import with_whole_paths
from trafficdiff.workflows.plan_charging_days import OSM, Begin, begin_with, sampled_days
from trafficdiff.workflows.plan_charging_study import ChargingStudy, Settings
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.supplies import Supplies, WarmSupplies

if TYPE_CHECKING:
    from trafficdiff.demand.siting_days import SampledDay
    from trafficdiff.workflows.progress import Progress

__all__ = ["PLAN_FILE", "plan_charging", "read_plan"]

PLAN_FILE: Final = "plan.json"
_SITES: Final = "sites.geojson"
_STATIONS: Final = "stations.csv"
_SCENARIO: Final = "scenario.yaml"
_METHODS: Final = ("greedy", "exact")


def plan_charging(
    scenario: Scenario | str | Path,
    *,
    budget: float,
    directory: str | Path,
    candidates: str | Path = OSM,
    samples: int = 5,
    method: Literal["greedy", "exact"] = "greedy",
    seed: int | None = None,
    confirm: int = 0,
    workers: int | None = None,
    costs: SiteCosts | None = None,
    currency: str = "EUR",
    settings: Settings | None = None,
    progress: Progress = quiet,
) -> SitingPlan:
    """Choose sites and plugs within a budget that leave least energy unmet and least waiting, and publish the plan.

    Parameters
    ----------
    scenario
        With ``charging``; or its file.
    budget
        Most that may be spent [money].
    directory
        The plan to make.

    Other Parameters
    ----------------
    candidates
        ``"osm"`` for the place's extract, or a CSV or GeoJSON file.
    samples
        Days to plan on.
    method
        ``"greedy"``, or ``"exact"`` (both are tried then, the better one is taken).
    seed
        Instead of the scenario's.
    confirm
        Samples to simulate before and after, days that the search has not seen; 0 for none.
    workers
        Simulations at once (default: the processors).
    costs, currency
        What building costs where a candidate does not say so; the money's name, which is shown and never converted.
    settings
        Numbers of the programme.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError, ScenarioError, NetworkError, OutputError
        Listing all faults of numbers, stations and candidates, or if the directory is taken; nothing is written.
    SimulationError
        If a programme has no answer.
    """
    file = None if isinstance(scenario, Scenario) else Path(scenario)
    folder = Path.cwd() if file is None else file.resolve().parent
    base = scenario if isinstance(scenario, Scenario) else read_scenario(Path(scenario))
    base = base if seed is None else base.model_copy(update={"seed": seed})
    settings, costs = settings or Settings(), costs or SiteCosts()
    _check(base, budget=budget, samples=samples, method=method, confirm=confirm, limit_s=settings.limit_s)
    directory = real_path(Path(directory))
    refuse_taken(directory)
    supplies = WarmSupplies()
    progress("looking for sites", None)
    begin = begin_with(base, candidates, folder=folder, supplies=supplies)
    days = sampled_days(base, range(samples), folder=folder, supplies=supplies, progress=progress)
    study = ChargingStudy(base, begin, days, budget=budget, costs=costs, settings=settings)
    chosen, results = study.choose(method, progress)
    plan = study.plan(
        chosen, results, method=method, currency=currency, costs=costs,
        new_days=_new_days(base, samples, settings, folder=folder, supplies=supplies, progress=progress),
    )  # fmt: skip
    stations = merged(_of_the_file(base, begin, folder), study.options.chosen(chosen))
    if confirm:
        from trafficdiff.workflows.plan_charging_confirm import confirmed

        simulated = confirmed(
            base, stations, directory=directory, folder=folder, first=samples, samples=confirm, workers=workers,
            progress=progress,
        )  # fmt: skip
        plan = plan.model_copy(update={"simulated": simulated})
    _publish(plan, stations, with_whole_paths(base, folder), directory=directory)
    return plan


def read_plan(path: str | Path) -> SitingPlan:
    """Read a plan: its directory, or its ``plan.json``.

    Raises
    ------
    InputError
        If there is none, or listing what is wrong with it.
    """
    from pydantic import ValidationError

    from trafficdiff.datatypes.wording import in_words

    path = Path(path)
    file = path / PLAN_FILE if path.is_dir() else path
    try:
        return SitingPlan.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: expected a plan of charging sites, got {error}; make one with plan-charging") from (
            error
        )
    except ValidationError as error:
        faults = Faults(str(file))
        for fault in error.errors(include_url=False):
            faults.add(in_words(fault, place=fault["loc"]))
        faults.raise_if_any(InputError)
        raise  # pragma: no cover - a validation error always has faults


def _check(base: Scenario, *, budget: float, samples: int, method: str, confirm: int, limit_s: float) -> None:
    """Refuse what cannot be meant, all of it at once."""
    faults = Faults("plan-charging")
    if base.charging is None:
        faults.add(f"scenario {base.name!r}: expected a section charging, got none; docs/charging.md shows one")
    if base.equilibrium is not None:
        faults.add("expected charging or drivers that learn from day to day, got both; leave equilibrium out")
    if base.simulation.resolution == "meso":
        faults.add("resolution: expected micro, got meso, which charges nobody; change simulation.resolution")
    if not 0 < budget < math.inf:
        faults.add(f"budget: expected a finite number above 0, got {budget:g}")
    if not 1 <= samples <= 100:
        faults.add(f"samples: expected 1 to 100, got {samples}")
    if confirm < 0:
        faults.add(f"confirm: expected at least 0 samples, got {confirm}")
    if not 0 < limit_s < math.inf:
        faults.add(f"time limit: expected a finite number of seconds above 0, got {limit_s:g}")
    if method not in _METHODS:
        faults.add(f"method: expected {' or '.join(_METHODS)}, got {method!r}")
    faults.raise_if_any(InputError)


def _new_days(
    base: Scenario, samples: int, settings: Settings, *, folder: Path, supplies: Supplies, progress: Progress
) -> list[SampledDay]:
    numbers = range(samples, samples + settings.new_days)
    return sampled_days(base, numbers, folder=folder, supplies=supplies, progress=progress)


def _of_the_file(base: Scenario, begin: Begin, folder: Path) -> tuple[Any, ...]:
    """Return today's stations that the scenario reads from its file or from OSM; measures build theirs again."""
    from trafficdiff.workflows.charging import stations_of

    assert base.charging is not None
    return stations_of(base.charging, begin.graph, folder=folder, network=base.network)


def _publish(plan: SitingPlan, stations: tuple[Any, ...], base: Scenario, *, directory: Path) -> None:
    from trafficdiff.datatypes.station_files import write_stations

    assert base.charging is not None
    scenario = base.model_copy(
        update={
            "name": f"{base.name[:60]} planned chargers",
            "charging": base.charging.model_copy(update={"stations": _STATIONS}),
        }
    )
    with publishing(directory, kind="charging_plan") as work:
        (work / PLAN_FILE).write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
        content = json.dumps(_features(plan), indent=1, ensure_ascii=False)
        (work / _SITES).write_text(content + "\n", encoding="utf-8")
        write_stations(stations, work / _STATIONS)
        write_scenario(scenario, work / _SCENARIO)


def _features(plan: SitingPlan) -> dict[str, Any]:
    """Return the sites as GeoJSON (RFC 7946: longitude, latitude, WGS 84)."""
    features = [
        {
            "type": "Feature",
            "id": site.id,
            "geometry": {"type": "Point", "coordinates": [site.lon, site.lat]},
            "properties": site.model_dump(mode="json", exclude={"lon", "lat"}),
        }
        for site in plan.sites
    ]
    return {"type": "FeatureCollection", "features": features}
