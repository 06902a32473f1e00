"""Hold weeks of sessions of a network, and draw them: from the charging model, from real weeks, from a mixture.

All are the same kind of thing to a scorecard: sessions in so many weeks, each with a start in its week, a dwell and an
energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.session_sites import weeks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_network import SessionModel
    from trafficdiff.diffusion.session_prior import SessionPrior
    from trafficdiff.diffusion.session_rates import SiteRates

__all__ = ["Weeks", "mixture_weeks", "model_weeks", "real_weeks", "resampled_weeks"]

_COMPONENTS: Final = 24
_ROUNDS: Final = 40
_MOST_FITTED: Final = 12_000


@dataclass(frozen=True, eq=False)
class Weeks:
    """Hold sessions in some weeks.

    Parameters
    ----------
    count
        Of weeks.
    week, start_s, dwell_s, energy_kwh
        Shape (S,): week from 0, start in the week [s], dwell [s], energy [kWh], NaN where unknown.
    worlds
        Parts of as many weeks each that do not follow each other.
    """

    count: int
    week: NDArray[np.int64]
    start_s: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    worlds: int = 1

    @property
    def hour(self) -> NDArray[np.int64]:
        """Hour of the week of each start, shape (S,)."""
        return np.asarray((self.start_s // 3600).astype(np.int64))


def real_weeks(network: SessionNetwork, *, whole: bool = False) -> Weeks:
    """Return the weeks of a network that hold sessions, numbered without gaps; not the first and last if `whole`."""
    sessions = network.sessions
    week = weeks_of(sessions)
    kept = np.ones(len(week), bool)
    if whole and len(np.unique(week)) > 2:
        kept = (week > week.min()) & (week < week.max())
    names, place = np.unique(week[kept], return_inverse=True)
    start = sessions.start[kept]
    in_week = (start.astype("datetime64[s]").astype(np.int64) + 3 * 86_400) % (7 * 86_400)
    return Weeks(
        len(names), place.astype(np.int64), in_week.astype(float), sessions.dwell_s[kept], sessions.energy_kwh[kept]
    )


def model_weeks(
    members: Sequence[SessionModel],
    network: SessionNetwork,
    *,
    prior: SessionPrior,
    rates: SiteRates,
    worlds: int,
    weeks: int,
    sessions_a_week: float,
    seed: int,
    known: bool,
) -> Weeks:
    """Draw weeks of a network from the charging model, with as many sessions a week as given, spread as its places are.

    Each world is a run of weeks of its own; what a network is like that was not trained on differs by world.

    Parameters
    ----------
    members, prior, rates
        The model.
    network
        Where; only its places, and how its sessions spread over them, are used.
    worlds, weeks, sessions_a_week, seed
        How many, how many weeks each, how many sessions on average, and of everything random.
    known
        Whether the network was trained on.
    """
    from trafficdiff.diffusion.session_sampler import PlaceRequest, draw_slots, worlds_of
    from trafficdiff.diffusion.session_slots import decoded

    generator = np.random.default_rng(seed)
    name = network.name if known else None
    natures = [None] * worlds if known else worlds_of(prior, worlds, generator=generator)
    count = np.bincount(network.place, minlength=len(network.kinds)).astype(float)
    mean = count / count.sum() * sessions_a_week
    requests: list[PlaceRequest] = []
    week: list[NDArray[np.int64]] = []
    for world, nature in enumerate(natures):
        for number, row in enumerate(rates.counts(mean, weeks=weeks, generator=generator, network=name)):
            request = PlaceRequest(
                kind=network.kinds[number],
                count=int(row.sum()),
                sessions_a_plug_week=float(mean[number] / max(network.plugs[number], 1)),
                surroundings=network.surroundings[number],
                network=name,
                world=nature,
            )
            requests.append(request)
            own = np.repeat(np.arange(weeks), row)[generator.permutation(request.count)]
            week.append(own + world * weeks)
    slots = np.concatenate(draw_slots(members, requests, prior=prior, seed=seed))
    start_s, dwell_s, energy_kwh = decoded(slots, generator)
    return Weeks(weeks * worlds, np.concatenate(week), start_s, dwell_s, energy_kwh, worlds)


def resampled_weeks(real: Weeks, *, weeks: int, sessions_a_week: float, seed: int) -> Weeks:
    """Copy real weeks at random, and thin or double their sessions at random to so many a week on average."""
    generator = np.random.default_rng(seed)
    keep = sessions_a_week / (len(real.week) / real.count)
    parts = []
    for source in generator.permutation(np.resize(generator.permutation(real.count), weeks)):
        rows = np.flatnonzero(real.week == source)
        times = np.floor(keep + generator.random(len(rows))).astype(np.int64)
        parts.append(np.repeat(rows, times))
    rows = np.concatenate(parts)
    week = np.repeat(np.arange(weeks), [len(part) for part in parts])
    return Weeks(weeks, week, real.start_s[rows], real.dwell_s[rows], real.energy_kwh[rows])


def mixture_weeks(real: Weeks, *, weeks: int, sessions_a_week: float, seed: int) -> Weeks:
    """Fit a Gaussian mixture to hour of the week, log dwell and log energy, and draw from it.

    Expectation maximisation with full covariances: Dempster, Laird and Rubin (1977), "Maximum likelihood from
    incomplete data via the EM algorithm". Where no energy is known it is left out.
    """
    generator = np.random.default_rng(seed)
    columns = [real.start_s / 3600, np.log(real.dwell_s)]
    with_energy = bool(np.isfinite(real.energy_kwh).any())
    if with_energy:
        columns.append(np.log(np.maximum(real.energy_kwh, 0.02)))
    table = np.stack(columns, axis=1)
    table = table[np.isfinite(table).all(axis=1)]
    table = table[generator.permutation(len(table))[:_MOST_FITTED]]
    centre, scale = table.mean(0), table.std(0)
    weight, mean, root = _mixture((table - centre) / scale, generator)
    week = np.repeat(np.arange(weeks), generator.poisson(sessions_a_week, weeks))
    part = generator.choice(len(weight), len(week), p=weight)
    drawn = mean[part] + np.einsum("nij,nj->ni", root[part], generator.normal(size=(len(week), len(scale))))
    drawn = drawn * scale + centre
    energy = np.exp(drawn[:, 2]) if with_energy else np.full(len(week), np.nan)
    return Weeks(weeks, week, drawn[:, 0] % 168 * 3600, np.exp(np.minimum(drawn[:, 1], 15.0)), energy)


def _mixture(
    table: NDArray[np.float64], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return weights (K,), means (K, d) and roots of covariances (K, d, d) of a mixture."""
    count, width = table.shape
    mean = table[generator.choice(count, _COMPONENTS, replace=False)]
    cover = np.tile(0.3 * np.eye(width), (_COMPONENTS, 1, 1))
    weight = np.full(_COMPONENTS, 1 / _COMPONENTS)
    for _ in range(_ROUNDS):
        root = np.linalg.cholesky(cover)
        rest = np.linalg.solve(root[None], (table[:, None] - mean)[..., None])[..., 0]
        logs = np.log(weight) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1) - 0.5 * (rest**2).sum(-1)
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        total = share.sum(0) + 1e-9
        weight = total / total.sum()
        mean = share.T @ table / total[:, None]
        away = table[:, None] - mean
        cover = np.einsum("nk,nki,nkj->kij", share, away, away) / total[:, None, None] + 1e-3 * np.eye(width)
    return weight, mean, np.asarray(np.linalg.cholesky(cover), np.float64)
