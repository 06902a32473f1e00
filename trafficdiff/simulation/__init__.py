"""Replay trips in SUMO, and read what it measured.

``run.simulate`` does both. The modules are imported where they are used: ``files`` (what SUMO reads), ``run`` (the
process), ``control`` (step-by-step policies), ``readers`` (outputs into a `SimulationResult`), ``vehicle_tracks``
and ``stops`` (outputs on request), ``result_hash``.
"""
