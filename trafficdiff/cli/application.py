"""Put the commands together, and turn errors into messages and exit codes.

::

    0 ok   1 run failed   2 usage or invalid input   3 missing dependency   4 gate failed   130 interrupted
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from trafficdiff import __version__
from trafficdiff.cli import build, demo, doctor, evaluate, init, run, sample, serve
from trafficdiff.cli.output import error_object, print_json
from trafficdiff.errors import TrafficdiffError

__all__ = ["application", "main"]

_INTERRUPTED = 130

application = typer.Typer(
    name="trafficdiff",
    help="City-scale traffic scenarios: OpenStreetMap roads, sampled demand, SUMO replay, congestion metrics.",
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
    ("run", run.run),
    ("evaluate", evaluate.evaluate),
    ("demo", demo.demo),
    ("serve", serve.serve),
):
    application.command(verb)(command)


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
) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
    for noisy in ("matplotlib", "pyogrio", "fiona", "urllib3", "asyncio", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        application(args=arguments)
    except TrafficdiffError as error:
        _explain(error, as_json="--json" in arguments)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing half-written was left behind", err=True)
        sys.exit(_INTERRUPTED)


def _explain(error: TrafficdiffError, *, as_json: bool) -> None:
    typer.echo(f"error: {error}", err=True)
    if as_json:
        print_json(error_object(error))
