"""Tell others how far a run is, in a small file beside its directory.

A reader sees the file whole or not at all, and a run whose process died without a word reads as failed.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.errors import StoreError
from trafficdiff.publish import publishing_file
from trafficdiff.writers import this_writer, writer_is_dead

__all__ = ["RunStatus", "State", "read_status", "status_path", "write_status"]

State = Literal["queued", "running", "done", "failed", "cancelled"]
"""What a run can be doing."""


class RunStatus(BaseModel):
    """Say how far a run is.

    Parameters
    ----------
    state
        What it is doing.
    progress
        Share of the work done, 0 to 1.
    message
        For people, one line.
    seconds_left
        Estimate [s], or None if there is none.
    pid, writer
        Process that wrote this, and the token that tells whether it still lives.
    updated_utc
        When this was written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    state: State
    progress: Annotated[float, Field(ge=0, le=1)] = 0.0
    message: str = ""
    seconds_left: Annotated[float, Field(ge=0)] | None = None
    pid: int
    writer: Annotated[str, Field(pattern=r"^[0-9a-f]{8}-\d+-\d+$")]
    updated_utc: AwareDatetime

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed", "cancelled"}


def status_path(directory: str | Path) -> Path:
    """Return where the status of a run directory is kept: beside it, so that the published run never changes."""
    directory = Path(directory)
    return directory.parent / f"{directory.name}.status.json"


def write_status(
    path: Path, *, state: State, progress: float = 0.0, message: str = "", seconds_left: float | None = None
) -> RunStatus:
    """Replace the status in one step and return it.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    status = RunStatus(
        state=state,
        progress=progress,
        message=message,
        seconds_left=seconds_left,
        pid=os.getpid(),
        writer=this_writer(),
        updated_utc=dt.datetime.now(dt.UTC),
    )
    with publishing_file(path, durable=False) as temporary:
        temporary.write_text(status.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return status


def read_status(path: Path) -> RunStatus | None:
    """Return the status, or None if there is no file yet.

    Raises
    ------
    StoreError
        If the file is there but is not a status.
    """
    try:
        status = RunStatus.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path}: expected the status of a run, got {error}; delete the file") from error
    if status.is_over or not writer_is_dead(status.writer):
        return status
    return status.model_copy(
        update={"state": "failed", "message": f"the process {status.pid} ended without a word", "seconds_left": None}
    )
