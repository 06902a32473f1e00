"""Put the commands together; `trafficdiff.cli.entry` runs them and turns errors into messages and exit codes."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from trafficdiff import __version__
from trafficdiff.cli import (
    build,
    calibrate,
    check,
    compare,
    corpus,
    demo,
    doctor,
    ensemble,
    evaluate,
    export,
    init,
    plan,
    plan_charging,
    privacy,
    report,
    run,
    sample,
    scenes,
    serve,
    train,
    validate,
)
from trafficdiff.cli.output import OnlyOnce

__all__ = ["application"]

_EXIT_CODES = (
    "Exit codes: 0 ok, 1 run failed, 2 usage or invalid input, 3 missing dependency, 4 gate failed, 130 interrupted, "
    "143 terminated, 129 terminal closed. With --json, stdout holds exactly one JSON object, also for errors."
)

application = typer.Typer(
    name="trafficdiff",
    help="City-scale traffic scenarios: OpenStreetMap roads, sampled demand, SUMO replay, congestion metrics.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb, command in (
    ("doctor", doctor.doctor),
    ("build", build.build),
    ("init", init.init),
    ("schema", init.schema),
    ("sample", sample.sample),
    ("calibrate", calibrate.calibrate),
    ("run", run.run),
    ("ensemble", ensemble.ensemble),
    ("check", check.check),
    ("compare", compare.compare),
    ("plan", plan.plan),
    ("plan-charging", plan_charging.plan_charging),
    ("export", export.export),
    ("validate", validate.validate),
    ("report", report.report),
    ("evaluate", evaluate.evaluate),
    ("privacy", privacy.privacy),
    ("corpus", corpus.corpus),
    ("train", train.train),
    ("demo", demo.demo),
    ("serve", serve.serve),
):
    application.command(verb)(command)

application.add_typer(scenes.scenes, name="scenes")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trafficdiff {__version__}")
        raise typer.Exit


@application.callback()
def _common(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[  # noqa: ARG001 - the entry takes it, wherever it stands
        bool, typer.Option("--debug", help="Show the full traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    on_stderr = logging.StreamHandler(sys.stderr)
    on_stderr.addFilter(OnlyOnce())
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, handlers=[on_stderr], format="%(levelname)s %(message)s"
    )
    for noisy in ("matplotlib", "pyogrio", "fiona", "urllib3", "asyncio", "PIL", "weasyprint", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
