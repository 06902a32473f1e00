from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import read_scenario, write_scenario
from trafficdiff.store.stack import open_study
from trafficdiff.workflows.compare import compare
from trafficdiff.workflows.ensemble import ensemble
from trafficdiff.workflows.optimise import optimise
from trafficdiff.workflows.plan import plan
from trafficdiff.workflows.run import run
from trafficdiff.workflows.sweep import sweep

__all__ = [
    "Scenario",
    "__version__",
    "compare",
    "ensemble",
    "open_study",
    "optimise",
    "plan",
    "read_scenario",
    "run",
    "sweep",
    "write_scenario",
]

__version__: str
