"""``trafficdiff serve``: the dashboard."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.early import say_now
from trafficdiff.cli.output import JsonOption
from trafficdiff.errors import SimulationError

__all__ = ["serve"]

_log = logging.getLogger(__name__)


def serve(
    folder: Annotated[
        Path, typer.Argument(help="The folder to show: scenario files, runs, studies, comparisons.")
    ] = Path(),
    *,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")] = 8501,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Visitors look; nothing can be started, cancelled, uploaded or saved.")
    ] = False,
    max_jobs: Annotated[int, typer.Option("--max-jobs", min=1, help="Jobs at once, over all visitors.")] = 1,
    language: Annotated[
        str, typer.Option("--language", help="en or de; left out, the language of each visitor's browser.")
    ] = "",
    secrets: Annotated[
        Path | None, typer.Option("--secrets", help="TOML file with a table [auth]: visitors sign in (OpenID Connect).")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", help="Who may come in after signing in: ann@city.example or @city.example; repeatable."
        ),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Address under which a proxy shows it.")
    ] = None,
    tiles: Annotated[
        str | None,
        typer.Option(
            "--tiles",
            help="Map pictures that browsers fetch: https://.../{z}/{x}/{y}.png. Left out, nothing is fetched.",
        ),
    ] = None,
    tiles_credit: Annotated[str, typer.Option("--tiles-credit", help="Whom the map thanks for these pictures.")] = "",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Show it in your browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the dashboard on a folder; Ctrl-C ends it, and jobs that it started go on."""
    from trafficdiff.workflows.serving import Serving, open_browser, remarks, serving

    if language not in {"", "en", "de"}:
        raise typer.BadParameter(f"--language: expected en or de, got {language!r}")
    asked = Serving(
        folder=folder, host=host, port=port, read_only=read_only, max_jobs=max_jobs, language=language, secrets=secrets,
        allow=tuple(allow or ()), public_url=public_url, tiles=tiles, tiles_credit=tiles_credit,
    )  # fmt: skip
    for remark in remarks(asked):
        _log.warning("%s", remark)
    with serving(asked) as (served, process):
        if as_json:
            content = {"url": served.url, "host": served.host, "port": served.port, "folder": str(served.folder)}
            say_now(json.dumps(content | {"read_only": read_only, "pid": process.pid}, ensure_ascii=False))
        else:
            typer.echo(
                f"The dashboard shows {served.folder} at {served.url}\nCtrl-C ends it; jobs that it started go on."
            )
        if open_page:
            open_browser(served.url)
        code = process.wait()
    raise SimulationError(f"expected the dashboard to run until it is ended, it ended by itself with code {code}")
