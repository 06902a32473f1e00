"""``trafficdiff train --from``: tune the demand model to a city's own trips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from trafficdiff.cli.output import print_grid, print_json, showing_progress

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DeltaOption", "EpsilonOption", "FromOption", "HeldOutOption", "NetworkOption", "PersonOption", "RoutesOption",
    "TypesOption", "train_tuned",
]  # fmt: skip

FromOption = Annotated[
    str | None,
    typer.Option("--from", help="Tune this checkpoint (or `shipped`) to a city's own trips, instead of a corpus."),
]
NetworkOption = Annotated[str | None, typer.Option("--network", help="With --from: the city's network.")]
RoutesOption = Annotated[Path | None, typer.Option("--routes", help="With --from: the city's own trips, with routes.")]
TypesOption = Annotated[
    list[Path] | None, typer.Option("--types", help="With --from: a SUMO file of their vehicle types (repeatable).")
]
HeldOutOption = Annotated[
    float | None,
    typer.Option("--held-out", help="With --from: share of the trips that decide when to stop; default 0.1."),
]
EpsilonOption = Annotated[
    float | None, typer.Option("--epsilon", help="With --from: differential privacy (DP-SGD) of this epsilon.")
]
DeltaOption = Annotated[
    float | None, typer.Option("--delta", help="With --epsilon: its delta; default 1 / (10 x trips).")
]
PersonOption = Annotated[
    int | None, typer.Option("--trips-a-person", help="With --epsilon: most trips of one person; default 1.")
]
SHIPPED: Final = "shipped"
_TUNE_MINUTES: Final = 3.0


def train_tuned(
    start: str,
    *,
    network: str,
    routes: Path,
    types: list[Path] | None,
    output: Path,
    cpu_minutes: float | None,
    held_out: float | None,
    epsilon: float | None,
    delta: float | None,
    trips_a_person: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Tune, and write checkpoint and card."""
    from trafficdiff.diffusion.tuning_settings import PrivacySettings
    from trafficdiff.workflows.fine_tune import fine_tune_network
    from trafficdiff.workflows.train import CHECKPOINT_FILE

    privacy = None
    if epsilon is not None:
        people = 1 if trips_a_person is None else trips_a_person
        privacy = PrivacySettings(epsilon=epsilon, delta=delta, trips_a_person=people)
    with showing_progress() as progress:
        card = fine_tune_network(
            network,
            checkpoint=None if start == SHIPPED else Path(start),
            routes=routes,
            directory=output,
            type_files=types or (),
            cpu_minutes=_TUNE_MINUTES if cpu_minutes is None else cpu_minutes,
            held_out_share=0.1 if held_out is None else held_out,
            privacy=privacy,
            seed=seed,
            progress=progress,
        )
    if as_json:
        print_json({"checkpoint": output / CHECKPOINT_FILE, **card})
        return
    tuned: Mapping[str, Any] = card["tuned"]
    _show(tuned)
    typer.echo(f"wrote {output / CHECKPOINT_FILE}: tuned to {tuned['trips']:,} trips of {tuned['network']}")


def _show(tuned: Mapping[str, Any]) -> None:
    if spent := tuned.get("privacy"):
        typer.echo(
            f"epsilon {spent['epsilon']:.3g}, delta {spent['delta']:.3g} for {spent['unit']}: {spent['steps']} steps, "
            f"noise {spent['noise']:.3g}, clipping {spent['clip']:g}, sample rate {spent['sample_rate']:.3g}"
        )
        return
    cells = [
        [f"{row['ends']:g}", f"{row['pairs']:g}", f"{row['learned']:.3f}", _number(row["held_out"])]
        for row in tuned["curve"]
    ]
    print_grid("Losses by width of the ridge [nat a trip]", cells, headings=["ends", "pairs", "learned", "held out"])
    typer.echo(f"stopped: {tuned['stopped']}")
    if tuned["ridge"] is None:
        typer.echo("nothing was learned: what is believed of any city told held-out trips best; give more trips")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
