"""``trafficdiff sample``: trips for a network."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress

__all__ = ["Profile", "asked_demand", "sample"]


class DemandKind(StrEnum):
    """Where the trips come from."""

    model = "model"
    gravity = "gravity"
    uniform = "uniform"


class Profile(StrEnum):
    """Shape of the departures."""

    flat = "flat"
    morning_peak = "morning_peak"
    evening_peak = "evening_peak"
    day = "day"
    learned = "learned"


def sample(
    network: Annotated[str, typer.Argument(help="A bundled city, a place folder, a built directory, OSM file or net.")],
    *,
    trips: Annotated[int, typer.Option("--trips", help="How many trips.")],
    begin_s: Annotated[float, typer.Option("--begin", help="First departure [s of the day].")],
    end_s: Annotated[float, typer.Option("--end", help="No departure from here on [s].")],
    seed: Annotated[int, typer.Option("--seed", help="The only source of randomness.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .parquet or .rou.xml[.gz] file.")],
    demand: Annotated[DemandKind, typer.Option("--demand", help="Which demand.")] = DemandKind.model,
    profile: Annotated[
        Profile, typer.Option("--profile", help="Shape of the departures; only the model has learned.")
    ] = Profile.flat,
    electric_share: Annotated[float, typer.Option("--electric-share", help="Share of cars that are electric.")] = 0.0,
    spread: Annotated[float, typer.Option("--spread", help="Scatter of perceived link times, 0 to 1.")] = 0.0,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="A trained model (.safetensors) instead of the shipped one.")
    ] = None,
    fringe_share: Annotated[
        float | None, typer.Option("--fringe-share", help="Share of the model's trips at the net's rim, if known.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sample trips with routes and write them to a file."""
    from trafficdiff.workflows.sample import sample

    asked = asked_demand(
        "sample",
        network,
        window_s=(begin_s, end_s),
        seed=seed,
        demand={
            "kind": demand.value,
            "trips": trips,
            "profile": profile.value,
            "electric_share": electric_share,
            "route_choice": {"spread": spread},
            **_of_the_model(checkpoint, fringe_share),
        },
    )
    with showing_progress() as progress:
        written = sample(
            network,
            asked,
            window_s=(begin_s, end_s),
            seed=seed,
            output=output,
            progress=progress,
        )
    if as_json:
        print_json(written.summary())
    else:
        typer.echo(
            f"wrote {written.trips} trips to {written.path}: mean length {written.mean_route_length_m / 1e3:.2f} km, "
            f"mean free-flow time {written.mean_free_flow_time_s / 60:.1f} min"
        )


def asked_demand(name: str, network: str, *, window_s: tuple[float, float], seed: int, demand: dict[str, Any]) -> Any:
    """Return the demand that options ask for, of the kind that they name.

    Raises
    ------
    TrafficdiffError
        If nothing has the network's name, or a scenario of these options would be refused, with every fault.
    """
    from trafficdiff.datatypes.scenario_files import parse_scenario
    from trafficdiff.roads.source import absolute_word, find_source

    find_source(network)  # a word that names nothing is refused with the words that do
    window = dict(zip(("begin_s", "end_s"), window_s, strict=True))
    content = {"name": name, "network": absolute_word(network), "window": window, "seed": seed, "demand": demand}
    return parse_scenario(content, heading="options").demand


def _of_the_model(checkpoint: Path | None, fringe_share: float | None) -> dict[str, Any]:
    """Return what only the model's demand has, where it was given; beside a baseline it is an unknown key."""
    given = {"checkpoint": None if checkpoint is None else str(checkpoint.resolve()), "fringe_share": fringe_share}
    return {key: value for key, value in given.items() if value is not None}
