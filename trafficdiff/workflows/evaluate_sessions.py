"""Measure the charging model against sessions that it has not seen, beside every baseline: one scorecard.

::

    leave one network out    train on the others; given: its places, their kinds, how much each is used
    held-out weeks           train on even weeks, compare with odd ones; nothing is tuned on them
    held-out sites           of the network with surroundings, three sites in ten are in no training
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.session_sites import weeks_of
from trafficdiff.errors import InputError
from trafficdiff.workflows.drawn_sessions import Weeks, mixture_weeks, model_weeks, real_weeks, resampled_weeks
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.session_scores import SCORES, Scored, beside, mean_with_margin, scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_network import SessionModel
    from trafficdiff.diffusion.session_prior import SessionPrior
    from trafficdiff.diffusion.session_rates import SiteRates
    from trafficdiff.workflows.progress import Progress

__all__ = ["SCORES", "SessionScorecard", "evaluate_sessions"]

_GOAL_SCORES: Final = ("jsd168", "w1_energy_kwh", "w1_dwell_h", "acf", "crps")
_GOAL_FLOORS: Final = 3.0
"""Held-out weeks: JSD168 within so many times the floor."""
_FLOOR: Final = "floor: odd and even weeks"
_LEAST_DRAWN: Final = 20_000
_MOST_WEEKS: Final = 60
_WEEKS_A_WORLD: Final = 20
_LEAST_WORLDS: Final = 4
_LEAST_WORLDS_ELSEWHERE: Final = 8
"""Worlds that are drawn of networks that were trained on, and of others."""
_MOST_WORLDS: Final = 20
_HELD_SITES: Final = 0.3
_SITE_SESSIONS: Final = 96


@dataclass(frozen=True, eq=False)
class SessionScorecard:
    """Hold every figure.

    Parameters
    ----------
    folds
        By fold, by generator.
    sites
        The error of the utilisation of sites in no training, by way of guessing; empty without surroundings.
    goals
        What was aimed at, and whether it was reached.
    counts
        Sessions by network, and held-out sites.
    cpu_minutes, seed, replicates
        What each fold trained, of everything random, of the bootstrap.
    cpu_s
        What everything took.
    """

    folds: dict[str, dict[str, Scored]]
    sites: dict[str, Scored]
    goals: dict[str, bool]
    counts: dict[str, int]
    cpu_minutes: float
    seed: int
    replicates: int
    cpu_s: float


@dataclass(frozen=True, eq=False)
class _Model:
    members: Sequence[SessionModel]
    prior: SessionPrior
    rates: SiteRates


def evaluate_sessions(
    files: Sequence[Path],
    *,
    sites: Path | None = None,
    cpu_minutes: float = 0.3,
    seed: int = 0,
    replicates: int = 100,
    progress: Progress = quiet,
) -> SessionScorecard:
    """Train and measure every fold.

    Parameters
    ----------
    files
        Of sessions, one a network; at least two.
    sites
        A table of surroundings.
    cpu_minutes
        Process time to train each fold.

    Other Parameters
    ----------------
    seed, replicates
        Of everything random; bootstrap replicates of the margins.
    progress
        Told what is done.

    Raises
    ------
    InputError
        If there are fewer than two networks, or a file cannot be used.
    """
    from trafficdiff.datatypes.session_sites import read_networks
    from trafficdiff.diffusion.devices import threads

    begun = time.process_time()
    with threads(1):
        networks = read_networks(files, sites=sites)
        if len(networks) < 2:
            raise InputError(f"expected at least two networks to leave one out, got {len(networks)}")
        fold = _Folds(networks, cpu_minutes=cpu_minutes, seed=seed, replicates=replicates, progress=progress)
        found: dict[str, dict[str, Scored]] = {}
        by_site = fold.held_weeks(found)
        for network in networks:
            found[f"without {network.name}"] = fold.left_out(network)
    counts = {network.name: len(network.sessions) for network in networks} | fold.counts
    return SessionScorecard(
        found, by_site, _goals(found, by_site), counts, cpu_minutes, seed, replicates,
        round(time.process_time() - begun, 1),
    )  # fmt: skip


def _goals(found: dict[str, dict[str, Scored]], sites: dict[str, Scored]) -> dict[str, bool]:
    """Return each goal and whether it was reached: ahead of the best copy line by line, near the floor."""
    goals = {}
    for fold, rows in found.items():
        model = rows["model"].values
        copies = [row.values for name, row in rows.items() if name.startswith("copy ")]
        for score in _GOAL_SCORES if copies else ():
            others = [copy[score] for copy in copies if np.isfinite(copy[score])]
            if np.isfinite(model[score]) and others:
                goals[f"{fold}: {score} ahead of every copy"] = model[score] < min(others)
        if not copies:
            floor = rows[_FLOOR].values
            goals[f"{fold}: jsd168 within {_GOAL_FLOORS:g} times the floor"] = (
                model["jsd168"] <= _GOAL_FLOORS * floor["jsd168"]
            )
    if sites:
        errors = {name: row.values["error"] for name, row in sites.items()}
        goals["held-out sites: ahead of every other guess"] = errors["model"] < min(
            error for name, error in errors.items() if name != "model"
        )
    return goals


@dataclass
class _Folds:
    networks: Sequence[SessionNetwork]
    cpu_minutes: float
    seed: int
    replicates: int
    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)

    def _scores(self, drawn: Weeks, real: Weeks, *, trained: Weeks | None = None) -> Scored:
        return scores(drawn, real, trained=trained, replicates=self.replicates)

    def _trained(self, networks: Sequence[SessionNetwork], told_as: str) -> _Model:
        from trafficdiff.diffusion.session_rates import rates_of
        from trafficdiff.workflows.train_sessions import session_trainer

        trainer = session_trainer(
            networks, cpu_minutes=self.cpu_minutes, seed=self.seed, told_as=told_as, progress=self.progress
        )
        return _Model(trainer.members, trainer.prior, rates_of(networks))

    def _drawn(self, model: _Model, network: SessionNetwork, real: Weeks, *, known: bool) -> Weeks:
        _, a_week = _size(real)
        weeks = int(np.clip(real.count, 2, _WEEKS_A_WORLD))
        least = _LEAST_WORLDS if known else _LEAST_WORLDS_ELSEWHERE
        return model_weeks(
            model.members,
            network,
            prior=model.prior,
            rates=model.rates,
            worlds=int(np.clip(np.ceil(_LEAST_DRAWN / (a_week * weeks)), least, _MOST_WORLDS)),
            weeks=weeks,
            sessions_a_week=a_week,
            seed=self.seed,
            known=known,
        )

    def left_out(self, network: SessionNetwork) -> dict[str, Scored]:
        """Return the scores of a network that is in no training, by generator."""
        others = [one for one in self.networks if one is not network]
        real = real_weeks(network, whole=True)
        weeks, a_week = _size(real)
        model = self._trained(others, f"without {network.name}")
        found = {"model": self._scores(self._drawn(model, network, real, known=False), real)}
        pooled = _pooled([real_weeks(one, whole=True) for one in others])
        found["Gaussian mixture of the others"] = self._scores(_fitted(pooled, real, self.seed), real)
        for one in others:
            copied = resampled_weeks(real_weeks(one, whole=True), weeks=weeks, sessions_a_week=a_week, seed=self.seed)
            found[f"copy {one.name}"] = self._scores(copied, real)
        found[_FLOOR] = self._floor(network)
        return found

    def held_weeks(self, found: dict[str, dict[str, Scored]]) -> dict[str, Scored]:
        """Score odd weeks after training on even ones, and the use of sites in no training."""
        held = {network.name: _held_sites(network, self.seed) for network in self.networks}
        even = []
        for network in self.networks:
            seen = ~held[network.name][network.place]
            even.append(network.take(seen & (weeks_of(network.sessions) % 2 == 0)))
        model = self._trained(even, "held-out weeks")
        for network, trained in zip(self.networks, even, strict=True):
            seen = ~held[network.name][network.place]
            odd = network.take(seen & (weeks_of(network.sessions) % 2 == 1))
            real, past = real_weeks(odd), real_weeks(trained)
            resampled = resampled_weeks(past, weeks=past.count, sessions_a_week=len(past.week) / past.count, seed=0)
            floor = self._scores(past, real)
            found[f"held-out weeks of {network.name}"] = {
                "model": self._scores(self._drawn(model, trained, real, known=True), real, trained=past),
                "Gaussian mixture": self._scores(_fitted(past, real, self.seed), real, trained=past),
                "resample the training weeks": self._scores(resampled, real, trained=past),
                _FLOOR: Scored({**floor.values, "near_duplicates": beside(real, past)}, floor.margins),
            }
        with_sites = [network for network in self.networks if held[network.name].any()]
        return self._by_site(model, with_sites[0], held[with_sites[0].name]) if with_sites else {}

    def _floor(self, network: SessionNetwork) -> Scored:
        parity = weeks_of(network.sessions) % 2
        even, odd = (real_weeks(network.take(parity == one)) for one in (0, 1))
        return self._scores(even, odd)

    def _by_site(self, model: _Model, network: SessionNetwork, held: NDArray[np.bool_]) -> dict[str, Scored]:
        """Return the error of the share of time that plugs are taken, at sites in no training."""
        places = np.flatnonzero(held)
        self.counts["held-out sites"] = len(places)
        true, known = network.taken[places], network.taken[~held]
        rows = {
            "model": np.abs(self._guessed(model, network, places) - true),
            "copy the nearest site": np.abs(known[_nearest(network, held)] - true),
            "copy a site at random": np.abs(known[:, None] - true).mean(axis=0),
            "mean of the training sites": np.abs(known.mean() - true),
        }
        found = {}
        for name, errors in rows.items():
            mean, margin = mean_with_margin(errors, replicates=self.replicates)
            found[name] = Scored({"error": mean}, {"error": margin})
        return found

    def _guessed(self, model: _Model, network: SessionNetwork, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of time that plugs are taken as the model has it: its rate, and the stays that it draws."""
        from trafficdiff.diffusion.session_sampler import PlaceRequest, draw_slots
        from trafficdiff.diffusion.session_slots import decoded

        rate = [
            model.rates.expected(
                network.kinds[number],
                network.surroundings[number],
                network=network.name,
                at_deg=(float(network.at_deg[number, 0]), float(network.at_deg[number, 1])),
            )
            for number in places
        ]
        requests = [
            PlaceRequest(
                kind=network.kinds[number], count=_SITE_SESSIONS, sessions_a_plug_week=use,
                surroundings=network.surroundings[number], network=network.name,
            )
            for number, use in zip(places, rate, strict=True)
        ]  # fmt: skip
        drawn = draw_slots(model.members, requests, prior=model.prior, seed=self.seed)
        generator = np.random.default_rng(self.seed)
        dwell_h = np.array([decoded(slots, generator)[1].mean() / 3600 for slots in drawn])
        return np.asarray(np.minimum(np.array(rate) * dwell_h / 168, 1.0))


def _size(real: Weeks) -> tuple[int, float]:
    """Return how many weeks to draw, and sessions a week."""
    a_week = len(real.week) / real.count
    return int(np.clip(np.ceil(_LEAST_DRAWN / a_week), max(real.count, 4), _MOST_WEEKS)), a_week


def _fitted(past: Weeks, real: Weeks, seed: int) -> Weeks:
    weeks, a_week = _size(real)
    return mixture_weeks(past, weeks=weeks, sessions_a_week=a_week, seed=seed)


def _pooled(parts: Sequence[Weeks]) -> Weeks:
    """Return the sessions of all networks, as weeks of one."""
    begin = np.cumsum([0, *(part.count for part in parts)])
    week = np.concatenate([part.week + first for part, first in zip(parts, begin, strict=False)])
    start_s, dwell_s, energy_kwh = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("start_s", "dwell_s", "energy_kwh")
    )
    return Weeks(int(begin[-1]), week, start_s, dwell_s, energy_kwh)


def _held_sites(network: SessionNetwork, seed: int) -> NDArray[np.bool_]:
    """Return which places are in no training, shape (P,): some sites of a network with surroundings."""
    held = np.zeros(len(network.kinds), bool)
    if not np.isfinite(network.surroundings).any():
        return held
    names = np.unique(network.site)
    chosen = np.random.default_rng(seed).permutation(names)[: int(_HELD_SITES * len(names))]
    return np.isin(network.site, chosen)


def _nearest(network: SessionNetwork, held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, for each held-out place, which of the others is nearest."""
    at = network.at_deg.T.copy()
    at[0] *= np.cos(np.radians(at[1].mean()))
    away = np.hypot(*(at[:, held][:, :, None] - at[:, ~held][:, None]))
    return np.asarray(away.argmin(axis=1))
