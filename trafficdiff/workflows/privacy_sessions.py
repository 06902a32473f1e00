"""Audit what the charging model gives away of the sessions that it learned from, beside controls that must be caught.

The sessions of every network are halved at random; one model learns from all first halves, as the shipped one did from
the whole. Times and energies leave the model only as bins (an hour, 16 % of a stay, 16 % of an energy), so a session is
a copy when it has the place and the bins of a known one: finer copies cannot be made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.privacy_attack import attack
from trafficdiff.metrics.privacy_copies import Copies
from trafficdiff.metrics.privacy_distance import closer_share, standardised
from trafficdiff.metrics.privacy_gates import Gate, attack_gates, cell_gate, closer_gate, copy_gates
from trafficdiff.workflows.privacy import CONTROL_TRIPS, TRIPS
from trafficdiff.workflows.privacy_audit import Audited, PrivacyAudit
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_training import SessionTrainer
    from trafficdiff.workflows.progress import Progress

__all__ = ["session_halves", "session_privacy"]

_MINUTES: Final = 0.3
_RATE: Final = 8e-3
_LEAST_HOURS: Final = 1 / 60
_LEAST_KWH: Final = 0.05


@dataclass(frozen=True, eq=False)
class _Points:
    """Hold sessions as bins with their place, and as numbers."""

    keys: NDArray[np.int64]
    table: NDArray[np.float64]


def session_privacy(
    files: Sequence[Path],
    *,
    sites: Path | None = None,
    cpu_minutes: float = _MINUTES,
    drawn: int = TRIPS,
    control_sessions: int = CONTROL_TRIPS,
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[PrivacyAudit, ...]:
    """Train on half of the sessions, and audit each network.

    Parameters
    ----------
    files, sites
        Of sessions, one a network; a table of surroundings.
    cpu_minutes
        Process time to train the model, and each memorising control.

    Other Parameters
    ----------------
    drawn, control_sessions
        Sessions drawn of each network; sessions that the memorising control learns.
    seed, progress
        Of everything random; told what is done.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    from trafficdiff.datatypes.session_sites import read_networks
    from trafficdiff.workflows.train_sessions import session_trainer

    networks = read_networks(files, sites=sites)
    halved = [session_halves(network, generator=stream(seed, f"privacy: {network.name}")) for network in networks]
    trainer = session_trainer(
        [one for one, _ in halved], cpu_minutes=cpu_minutes, seed=seed, told_as="on half of the sessions",
        progress=progress,
    )  # fmt: skip
    return tuple(
        _audited(
            trainer, one, other, drawn=drawn, control_sessions=control_sessions, cpu_minutes=cpu_minutes, seed=seed,
            progress=progress,
        )
        for one, other in halved
    )  # fmt: skip


def session_halves(
    network: SessionNetwork, *, generator: np.random.Generator, most: int | None = None
) -> tuple[SessionNetwork, SessionNetwork]:
    """Return two random halves of the sessions of a network, equally many, at most so many each."""
    count = len(network.sessions)
    half = min(count // 2, most or count)
    order = generator.permutation(count)
    parts = []
    for rows in (order[:half], order[half : 2 * half]):
        chosen = np.zeros(count, bool)
        chosen[rows] = True
        parts.append(network.take(chosen))
    return parts[0], parts[1]


def _audited(
    trainer: SessionTrainer, one: SessionNetwork, other: SessionNetwork, *, drawn: int, control_sessions: int,
    cpu_minutes: float, seed: int, progress: Progress,
) -> PrivacyAudit:  # fmt: skip
    started_s = time.process_time()
    name = one.name
    rows = [Audited(name="half of the sessions", control=False, gates=_of_model(trainer, one, other, drawn, seed))]
    generator = stream(seed, f"privacy: control {name}")
    few, none = (session_halves(part, generator=generator, most=control_sessions)[0] for part in (one, other))
    progress(f"memorising control, {name}", None)
    control = _memorising(few, cpu_minutes=cpu_minutes, seed=seed)
    gates = _of_model(control, few, none, drawn, seed, cells=few)
    rows.append(Audited(name="memorising control", control=True, gates=gates))
    rows.append(Audited(name="copying control", control=True, gates=_of_copies(one, other, few, drawn, generator)))
    return PrivacyAudit(
        subject=f"charging sessions, {name}", training=len(one.sessions), held_out=len(other.sessions), drawn=drawn,
        rows=tuple(rows), cpu_s=time.process_time() - started_s, seed=seed,
    )  # fmt: skip


def _memorising(network: SessionNetwork, *, cpu_minutes: float, seed: int) -> SessionTrainer:
    """Return a training of one network that nothing restrains."""
    from trafficdiff.diffusion.devices import threads
    from trafficdiff.diffusion.session_network import session_network_settings
    from trafficdiff.diffusion.session_settings import SessionTraining
    from trafficdiff.diffusion.session_training import SessionTrainer

    settings = SessionTraining(
        cpu_minutes=cpu_minutes, learning_rate=_RATE, weight_decay=0.0, observed_share=0.0, restraint=0.0,
        average=0.98, seed=seed,
    )  # fmt: skip
    trainer = SessionTrainer([network], settings, replace(session_network_settings(), dropout=0.0))
    with threads(1):
        trainer.run()
    return trainer


def _of_model(
    trainer: SessionTrainer,
    training: SessionNetwork,
    held_out: SessionNetwork,
    drawn: int,
    seed: int,
    *,
    cells: SessionNetwork | None = None,
) -> tuple[Gate, ...]:
    from trafficdiff.diffusion.session_likelihood import session_losses

    members, others = (
        session_losses(trainer.members, network, prior=trainer.prior, known=training)
        for network in (training, held_out)
    )
    return (
        *_beside(_drawn(trainer, training, drawn, seed), _real(training), _real(held_out)),
        *attack_gates(attack(-members, -others)),
        cell_gate(_by_kind(training) if cells is None else _by_place(cells)),
    )


def _of_copies(
    training: SessionNetwork, held_out: SessionNetwork, few: SessionNetwork, drawn: int, generator: np.random.Generator
) -> tuple[Gate, ...]:
    """Return the gates of sessions that are dealt out again; membership is told by nearness to one of them."""
    from scipy.spatial import cKDTree

    real, other = _real(training), _real(held_out)
    rows = np.resize(generator.permutation(len(real.keys)), max(drawn, len(real.keys)))
    made = _Points(real.keys[rows], real.table[rows])
    near, *rest = standardised(made.table, real.table, other.table, groups=tuple(range(real.table.shape[1])))
    tree = cKDTree(near)
    scores = [-np.asarray(tree.query(table)[0]) for table in rest]
    return (*_beside(made, real, other), *attack_gates(attack(*scores)), cell_gate(_by_place(few)))


def _beside(made: _Points, training: _Points, held_out: _Points) -> tuple[Gate, ...]:
    known = set(map(tuple, training.keys.tolist()))
    copies = [
        Copies(sum(tuple(key) in known for key in points.keys.tolist()), len(points.keys))
        for points in (made, held_out)
    ]
    tables = standardised(made.table, training.table, held_out.table, groups=tuple(range(training.table.shape[1])))
    return (*copy_gates(copies[0], copies[1]), closer_gate(closer_share(*tables)))


def _real(network: SessionNetwork) -> _Points:
    from trafficdiff.diffusion.session_slots import encoded

    sessions = network.sessions
    slots = encoded(sessions.hour_of_week, sessions.dwell_s, sessions.energy_kwh)
    start_s = (sessions.start.astype("datetime64[s]").astype(np.int64) + 3 * 86_400) % (7 * 86_400)
    energy = sessions.energy_kwh if network.has_energy else None
    return _points(network.place, slots, start_s.astype(float), sessions.dwell_s, energy)


def _drawn(trainer: SessionTrainer, network: SessionNetwork, count: int, seed: int) -> _Points:
    """Return sessions that the model draws, over places as the real ones."""
    from trafficdiff.diffusion.session_likelihood import requests_of
    from trafficdiff.diffusion.session_sampler import draw_slots
    from trafficdiff.diffusion.session_slots import decoded

    generator = stream(seed, f"privacy: drawn {network.name}")
    share = np.bincount(network.place, minlength=len(network.kinds)) / len(network.place)
    counts = generator.multinomial(count, share)
    drawn = draw_slots(trainer.members, requests_of(network, counts), prior=trainer.prior, seed=seed)
    slots = np.concatenate(drawn)
    start_s, dwell_s, energy_kwh = decoded(slots, generator)
    if not network.has_energy:
        slots[:, 2] = -1
    place = np.repeat(np.arange(len(counts)), counts)
    return _points(place, slots, start_s, dwell_s, energy_kwh if network.has_energy else None)


def _points(place: Any, slots: Any, start_s: Any, dwell_s: Any, energy_kwh: Any) -> _Points:
    columns = [start_s / 3600, np.log(np.maximum(dwell_s / 3600, _LEAST_HOURS))]
    if energy_kwh is not None:
        columns.append(np.log(np.maximum(np.nan_to_num(energy_kwh), _LEAST_KWH)))
    return _Points(np.column_stack([place, slots]), np.column_stack(columns))


def _by_kind(network: SessionNetwork) -> NDArray[np.float64]:
    """Return the sessions of each kind of charger: what the model's header holds shares of."""
    kinds = sorted(set(network.kinds), key=lambda kind: (kind.site_type, kind.power_kw))
    number = np.array([kinds.index(kind) for kind in network.kinds])
    return np.bincount(number[network.place], minlength=len(kinds)).astype(float)


def _by_place(network: SessionNetwork) -> NDArray[np.float64]:
    return np.bincount(network.place, minlength=len(network.kinds)).astype(float)
