"""Keep beside a result who asked for it, with which command, and which process makes it: ``NAME.job.json``."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.publish import publishing_file
from trafficdiff.workflows.job_kinds import JobRequest
from trafficdiff.writers import this_writer, writer_is_dead

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENDING", "JobFile", "is_alive", "job_path", "log_path", "read_job", "write_job"]

ENDING: Final = ".job.json"
_BEGINS_WITHIN_S: Final = 30.0
"""How long a process that was just started may take until it has written its name."""
_FOREIGN_STALE_S: Final = 300.0
"""How long a process of another machine counts as alive without a word."""


class JobFile(BaseModel):
    """Say who asked for what, and which process does it.

    Parameters
    ----------
    request
        What was asked; the command follows from it.
    asked_by
        Label of a visitor, nothing personal; empty if nobody said.
    asked_utc
        When; jobs that wait begin in this order.
    most_at_once
        How many jobs of the folder may run while this one begins.
    writer
        Token of its process (`trafficdiff.writers.this_writer`); None until it has begun to live.
    begun_utc
        When it left the line and began to work.
    ended_utc, exit_code
        When and how its command ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Annotated[int, Field(ge=1, le=1)] = 1
    request: JobRequest
    asked_by: Annotated[str, Field(max_length=254, pattern=r"^[\w .@+-]*$")] = ""
    asked_utc: AwareDatetime
    most_at_once: Annotated[int, Field(ge=1, le=1_000)] = 1
    writer: Annotated[str, Field(pattern=r"^[0-9a-f]{8}-\d+-\d+$")] | None = None
    begun_utc: AwareDatetime | None = None
    ended_utc: AwareDatetime | None = None
    exit_code: int | None = None

    @property
    def pid(self) -> int | None:
        """Process id, which is also the number of its group."""
        return None if self.writer is None else int(self.writer.split("-")[1])

    def taken_over(self) -> JobFile:
        """Return the record with this process as the one that does it."""
        return self.model_copy(update={"writer": this_writer()})

    def begun(self) -> JobFile:
        """Return the record of a job that begins now."""
        return self.model_copy(update={"begun_utc": dt.datetime.now(dt.UTC)})

    def ended(self, exit_code: int) -> JobFile:
        """Return the record of a job whose command has ended."""
        return self.model_copy(update={"ended_utc": dt.datetime.now(dt.UTC), "exit_code": exit_code})


def job_path(directory: Path) -> Path:
    """Return where the record of a result's job is kept: beside it."""
    return directory.parent / f"{directory.name}{ENDING}"


def log_path(directory: Path) -> Path:
    """Return where everything is kept that the job says."""
    return directory.parent / f"{directory.name}.log"


def read_job(path: Path) -> JobFile | None:
    """Return the record, or None if there is none that can be read: what is beside a result must not hide it."""
    try:
        return JobFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_job(record: JobFile, path: Path) -> None:
    """Write the record in one step.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with publishing_file(path, durable=False) as temporary:
        temporary.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


def is_alive(record: JobFile, path: Path) -> bool:
    """Return whether the process of a job still works on it, or is about to.

    Parameters
    ----------
    record
        The job's.
    path
        Of the record: its age counts where the process cannot be asked.
    """
    if record.ended_utc is not None:
        return False
    if record.writer is None:
        return _age_s(path) < _BEGINS_WITHIN_S
    dead = writer_is_dead(record.writer)
    if dead is not None:
        return not dead
    status = path.with_name(f"{path.name.removesuffix(ENDING)}.status.json")
    return min(_age_s(path), _age_s(status)) < _FOREIGN_STALE_S


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
