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
from trafficdiff.metrics.charging_scores import (
    autocorrelation,
    crps,
    jsd168,
    near_duplicates,
    pinball,
    wasserstein,
    weekly_occupancy,
)
from trafficdiff.workflows.drawn_sessions import Weeks, mixture_weeks, model_weeks, real_weeks, resampled_weeks
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_network import SessionModel
    from trafficdiff.diffusion.session_prior import SessionPrior
    from trafficdiff.diffusion.session_rates import SiteRates
    from trafficdiff.workflows.progress import Progress

__all__ = ["SCORES", "SessionScorecard", "evaluate_sessions", "scores"]

SCORES: Final = ("jsd168", "w1_energy_kwh", "w1_dwell_h", "acf", "crps", "pinball", "near_duplicates")

_LEAST_DRAWN: Final = 20_000
_MOST_WEEKS: Final = 60
_MEMBERS: Final = 20
_HELD_SITES: Final = 0.3
_SITE_SESSIONS: Final = 96


@dataclass(frozen=True, eq=False)
class SessionScorecard:
    """Hold every figure.

    Parameters
    ----------
    folds
        By fold, by generator, by score.
    sites
        By way of guessing, the mean error of the utilisation of unseen sites; empty without surroundings.
    cpu_minutes
        What each fold trained.
    cpu_s
        What everything took.
    """

    folds: dict[str, dict[str, dict[str, float]]]
    sites: dict[str, float]
    cpu_minutes: float
    cpu_s: float
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Model:
    members: Sequence[SessionModel]
    prior: SessionPrior
    rates: SiteRates


def scores(drawn: Weeks, real: Weeks, *, trained: Weeks | None = None) -> dict[str, float]:
    """Return the scores of drawn weeks against real ones; near duplicates of what was trained on, if given."""
    energy, true = (of.energy_kwh[np.isfinite(of.energy_kwh)] for of in (drawn, real))
    loads = [weekly_occupancy(of.week, of.start_s, of.dwell_s, weeks=of.count) for of in (drawn, real)]
    members, observed = loads[0][1 : _MEMBERS + 1] if len(loads[0]) > 2 else loads[0], loads[1]
    level = max(float(observed.mean()), 1e-9)
    lags = min(168, 168 * real.count // 2)
    acf = [autocorrelation(load, lags=lags) for load in loads]
    length = min(len(one) for one in acf)
    return {
        "jsd168": jsd168(drawn.hour, real.hour),
        "w1_energy_kwh": wasserstein(energy, true),
        "w1_dwell_h": wasserstein(drawn.dwell_s / 3600, real.dwell_s / 3600),
        "acf": float(np.abs(acf[0][:length] - acf[1][:length]).mean()),
        "crps": crps(members, observed) / level if len(members) > 1 else float("nan"),
        "pinball": pinball(members, observed) / level,
        "near_duplicates": float("nan") if trained is None else _beside(drawn, trained),
    }


def _columns(weeks: Weeks, *, energy: bool) -> NDArray[np.float64]:
    columns = [weeks.start_s / 3600, np.log(weeks.dwell_s)]
    if energy:
        columns.append(np.log(np.maximum(weeks.energy_kwh, 0.01)))
    return np.stack(columns, axis=1)


def evaluate_sessions(
    files: Sequence[Path],
    *,
    sites: Path | None = None,
    cpu_minutes: float = 1.0,
    seed: int = 0,
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
    seed, progress
        Of everything random; told what is done.

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
        fold = _Folds(networks, cpu_minutes=cpu_minutes, seed=seed, progress=progress)
        found: dict[str, dict[str, dict[str, float]]] = {}
        by_site = fold.held_weeks(found)
        for network in networks:
            found[f"without {network.name}"] = fold.left_out(network)
    return SessionScorecard(
        found,
        by_site,
        cpu_minutes,
        round(time.process_time() - begun, 1),
        {network.name: len(network.sessions) for network in networks},
    )


@dataclass
class _Folds:
    networks: Sequence[SessionNetwork]
    cpu_minutes: float
    seed: int
    progress: Progress

    def _trained(self, networks: Sequence[SessionNetwork], told_as: str) -> _Model:
        from trafficdiff.diffusion.session_rates import rates_of
        from trafficdiff.workflows.train_sessions import session_trainer

        trainer = session_trainer(
            networks, cpu_minutes=self.cpu_minutes, seed=self.seed, told_as=told_as, progress=self.progress
        )
        return _Model(trainer.members, trainer.prior, rates_of(networks))

    def _drawn(self, model: _Model, network: SessionNetwork, real: Weeks, *, known: bool) -> Weeks:
        weeks, a_week = _size(real)
        return model_weeks(
            model.members, network, prior=model.prior, rates=model.rates, weeks=weeks, sessions_a_week=a_week,
            seed=self.seed, known=known,
        )  # fmt: skip

    def left_out(self, network: SessionNetwork) -> dict[str, dict[str, float]]:
        """Return the scores of a network that is in no training, by generator."""
        others = [one for one in self.networks if one is not network]
        real = real_weeks(network, whole=True)
        weeks, a_week = _size(real)
        model = self._trained(others, f"without {network.name}")
        found = {"model": scores(self._drawn(model, network, real, known=False), real)}
        pooled = _pooled([real_weeks(one, whole=True) for one in others])
        found["Gaussian mixture of the others"] = scores(_fitted(pooled, real, self.seed), real)
        for one in others:
            copied = resampled_weeks(real_weeks(one, whole=True), weeks=weeks, sessions_a_week=a_week, seed=self.seed)
            found[f"copy {one.name}"] = scores(copied, real)
        found["floor: odd and even weeks"] = _floor(network)
        return found

    def held_weeks(self, found: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
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
            found[f"held-out weeks of {network.name}"] = {
                "model": scores(self._drawn(model, trained, real, known=True), real, trained=past),
                "Gaussian mixture": scores(_fitted(past, real, self.seed), real, trained=past),
                "resample the training weeks": scores(resampled, real, trained=past),
                "floor: odd and even weeks": scores(past, real) | {"near_duplicates": _beside(real, past)},
            }
        with_sites = [network for network in self.networks if held[network.name].any()]
        return self._by_site(model, with_sites[0], held[with_sites[0].name]) if with_sites else {}

    def _by_site(self, model: _Model, network: SessionNetwork, held: NDArray[np.bool_]) -> dict[str, float]:
        """Return the mean error of the share of time that plugs are taken, at sites in no training."""
        from trafficdiff.diffusion.session_sampler import PlaceRequest, draw_slots
        from trafficdiff.diffusion.session_slots import decoded

        use = _utilisation(network)
        rate = [
            model.rates.expected(kind, around) for kind, around in zip(network.kinds, network.surroundings, strict=True)
        ]
        places = np.flatnonzero(held)
        requests = [
            PlaceRequest(
                kind=network.kinds[number], count=_SITE_SESSIONS, sessions_a_plug_week=rate[number],
                surroundings=network.surroundings[number], network=network.name,
            )
            for number in places
        ]  # fmt: skip
        drawn = draw_slots(model.members, requests, prior=model.prior, seed=self.seed)
        generator = np.random.default_rng(self.seed)
        dwell_h = np.array([decoded(slots, generator)[1].mean() / 3600 for slots in drawn])
        guess = np.minimum(np.array(rate)[places] * dwell_h / 168, 1.0)
        true, known = use[places], use[~held]
        return {
            "sites": float(len(places)),
            "model": float(np.abs(guess - true).mean()),
            "copy the nearest site": float(np.abs(known[_nearest(network, held)] - true).mean()),
            "copy a site at random": float(np.abs(known[:, None] - true).mean()),
            "mean of the training sites": float(np.abs(known.mean() - true).mean()),
            "correlation of the model": float(np.corrcoef(guess, true)[0, 1]) if len(places) > 2 else float("nan"),
        }


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
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ("start_s", "dwell_s", "energy_kwh")
    }
    week = np.concatenate([part.week + first for part, first in zip(parts, begin, strict=False)])
    return Weeks(int(begin[-1]), week, **columns)


def _floor(network: SessionNetwork) -> dict[str, float]:
    parity = weeks_of(network.sessions) % 2
    return scores(real_weeks(network.take(parity == 0)), real_weeks(network.take(parity == 1)))


def _beside(real: Weeks, past: Weeks) -> float:
    """Return the share of sessions with one of the past beside them, in energy too where both have it."""
    energy = bool(np.isfinite(real.energy_kwh).all() and np.isfinite(past.energy_kwh).all())
    return near_duplicates(_columns(real, energy=energy), _columns(past, energy=energy))


def _held_sites(network: SessionNetwork, seed: int) -> NDArray[np.bool_]:
    """Return which places are in no training, shape (P,): some sites of a network with surroundings."""
    held = np.zeros(len(network.kinds), bool)
    if not np.isfinite(network.surroundings).any():
        return held
    names = np.unique(network.site)
    chosen = np.random.default_rng(seed).permutation(names)[: int(_HELD_SITES * len(names))]
    return np.isin(network.site, chosen)


def _utilisation(network: SessionNetwork) -> NDArray[np.float64]:
    taken_s = np.bincount(network.place, network.sessions.dwell_s, minlength=len(network.kinds))
    return np.asarray(taken_s / (np.maximum(network.plugs, 1) * network.weeks * 7 * 86_400))


def _nearest(network: SessionNetwork, held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, for each held-out place, which of the others is nearest."""
    count = np.maximum(np.bincount(network.place, minlength=len(held)), 1)
    at = np.stack([
        np.bincount(network.place, getattr(network.sessions, name), minlength=len(held)) / count
        for name in ("longitude_deg", "latitude_deg")
    ])  # fmt: skip
    at[0] *= np.cos(np.radians(at[1].mean()))
    away = np.hypot(*(at[:, held][:, :, None] - at[:, ~held][:, None]))
    return np.asarray(away.argmin(axis=1))
