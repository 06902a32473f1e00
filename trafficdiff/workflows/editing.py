"""Edit a scenario as a list of commands on the text of its file: undo, redo, and YAML both ways come for nothing.

::

    text of the file ─▶ command ─▶ text ─▶ command ─▶ text      the last one that counts is the draft
                           ▲                  │
                           └── undo ◀─────────┘  redo: one step forward; a new command drops what was undone

A command edits the text where it stands, so comments of a file written by hand stay (`datatypes.yaml_edits` says when
they cannot). A text that somebody types is one command, too, whether it can be used already or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from trafficdiff.datatypes.plain_text import MalformedError, dump_yaml, plain_from
from trafficdiff.datatypes.scenario_files import scenario_from
from trafficdiff.datatypes.yaml_edits import Edited, insert_item, move_item, remove_in, replace_in, set_in
from trafficdiff.errors import InputError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trafficdiff.datatypes.scenario import Scenario

__all__ = [
    "AddMeasure",
    "ChangeMeasure",
    "Command",
    "Draft",
    "Fault",
    "MoveMeasure",
    "RemoveMeasure",
    "SetField",
    "WriteText",
    "faults_of",
    "variant_of",
]

_LONGEST_TEXT: Final = 1_000_000
_MOST_COMMANDS: Final = 500
"""Steps that can be undone; older ones become the beginning."""
_LINE: Final = re.compile(r"(?s)^(?:expected (?:YAML|JSON), got )?line (\d+)(?:, column \d+)?: (.*)")


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddMeasure(_Command):
    """Add a measure, at the end or at a place."""

    do: Literal["add_measure"] = "add_measure"
    measure: dict[str, Any]
    at: Annotated[int, Field(ge=0)] | None = None

    def edit(self, text: str) -> Edited:
        """Return the text with it."""
        count = len(_own_measures(text))
        return insert_item(text, ("measures",), count if self.at is None else min(self.at, count), self.measure)


class ChangeMeasure(_Command):
    """Give a measure other values; only what differs is touched."""

    do: Literal["change_measure"] = "change_measure"
    place: Annotated[int, Field(ge=0)]
    measure: dict[str, Any]

    def edit(self, text: str) -> Edited:
        """Return the text with it."""
        there = _measure_at(text, self.place)
        same_kind = isinstance(there, dict) and there.get("kind") == self.measure.get("kind")
        return (replace_in if same_kind else set_in)(text, ("measures", self.place), self.measure)


class RemoveMeasure(_Command):
    """Take a measure away."""

    do: Literal["remove_measure"] = "remove_measure"
    place: Annotated[int, Field(ge=0)]

    def edit(self, text: str) -> Edited:
        """Return the text without it."""
        _measure_at(text, self.place)
        return remove_in(text, ("measures", self.place))


class MoveMeasure(_Command):
    """Move a measure to another place in the order."""

    do: Literal["move_measure"] = "move_measure"
    place: Annotated[int, Field(ge=0)]
    to: Annotated[int, Field(ge=0)]

    def edit(self, text: str) -> Edited:
        """Return the text in the new order."""
        _measure_at(text, self.place)
        _measure_at(text, self.to)
        return move_item(text, ("measures",), self.place, self.to)


class SetField(_Command):
    """Set another key of the scenario; None takes it away, so that its default counts."""

    do: Literal["set_field"] = "set_field"
    place: tuple[str, ...]
    value: Any = None

    def edit(self, text: str) -> Edited:
        """Return the text with it."""
        if self.value is not None:
            return set_in(text, self.place, self.value)
        data: Any = _content(text)
        for key in self.place:
            if not isinstance(data, dict) or key not in data:
                return Edited(text)
            data = data[key]
        return remove_in(text, self.place)


class WriteText(_Command):
    """Write the whole text, as somebody typed or uploaded it."""

    do: Literal["write_text"] = "write_text"
    text: Annotated[str, Field(max_length=_LONGEST_TEXT)]

    def edit(self, text: str) -> Edited:  # noqa: ARG002 - nothing of it stays
        """Return the new text."""
        return Edited(self.text)


Command = Annotated[
    AddMeasure | ChangeMeasure | RemoveMeasure | MoveMeasure | SetField | WriteText, Field(discriminator="do")
]
"""What can be done to a draft."""


@dataclass(frozen=True)
class Fault:
    """Say one thing that is wrong with a text.

    Parameters
    ----------
    line
        Where, from 1; None where no line is at fault.
    words
        What was expected, what came.
    """

    line: int | None
    words: str


@dataclass(frozen=True)
class Draft:
    """Represent a scenario that is being edited.

    Parameters
    ----------
    start
        Text that it began with.
    commands
        What was done to it, in order.
    done
        How many of the commands count; the others were undone.
    """

    start: str
    commands: tuple[Command, ...] = ()
    done: int = 0
    _texts: tuple[Edited, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.done <= len(self.commands):
            raise InputError(f"expected 0 to {len(self.commands)} commands that count, got {self.done}")
        texts = list(self._texts[: self.done + 1]) or [Edited(normal(self.start))]
        for command in self.commands[len(texts) - 1 : self.done]:
            texts.append(command.edit(texts[-1].text))
        object.__setattr__(self, "_texts", tuple(texts))

    @property
    def text(self) -> str:
        """The YAML as it is now."""
        return self._texts[self.done].text

    @property
    def lost_comments(self) -> bool:
        """Whether a command had to write the whole text anew, so that comments inside it went."""
        return any(not edited.keeps_comments for edited in self._texts[: self.done + 1])

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self.done > 0

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self.done < len(self.commands)

    def after(self, command: Command) -> Draft:
        """Return the draft after one more command; what was undone before is dropped.

        Raises
        ------
        InputError
            If the text is no YAML now, has no such measure, or would grow beyond 1 MB.
        """
        edited = command.edit(self.text)
        edited = Edited(normal(edited.text), edited.keeps_comments)
        if len(edited.text) > _LONGEST_TEXT:
            raise InputError(f"expected a scenario of at most {_LONGEST_TEXT / 1e6:g} MB, got more; undo the last step")
        if edited.text == self.text:
            return self
        texts = (*self._texts[: self.done + 1], edited)
        draft = replace(self, commands=(*self.commands[: self.done], command), done=self.done + 1, _texts=texts)
        return draft if draft.done <= _MOST_COMMANDS else draft._shortened()

    def undo(self) -> Draft:
        """Return the draft before its last command."""
        return replace(self, done=self.done - 1) if self.can_undo else self

    def redo(self) -> Draft:
        """Return the draft with the command that was undone last."""
        return replace(self, done=self.done + 1) if self.can_redo else self

    def content(self) -> dict[str, Any]:
        """Return the keys of the file as plain data.

        Raises
        ------
        InputError
            If the text is no YAML, or no keys with values.
        """
        return _content(self.text)

    def own_measures(self) -> list[Any]:
        """Return the file's own measures as plain data, those of a base not among them; none of a damaged text."""
        try:
            return _own_measures(self.text)
        except InputError:
            return []

    def scenario(self, path: str | Path) -> Scenario:
        """Return the scenario, as if the draft were the file at a path.

        Raises
        ------
        ScenarioError
            Listing every fault at once.
        """
        return scenario_from(self.text, path)

    def _shortened(self) -> Draft:
        first = self.done - _MOST_COMMANDS
        return replace(
            self, start=self._texts[first].text, commands=self.commands[first:], done=self.done - first,
            _texts=self._texts[first:],
        )  # fmt: skip


def faults_of(text: str, path: str | Path) -> tuple[Fault, ...]:
    """Return all that is wrong with a text as a scenario file, in the order of its lines; nothing if it is sound.

    Parameters
    ----------
    text
        YAML.
    path
        Where the file would stand; a base is looked for beside it.
    """
    try:
        scenario_from(text, path)
    except ScenarioError as error:
        told = error.faults or (str(error),)
        return tuple(_fault(_without_path(one, path)) for one in told)
    return ()


def variant_of(file: str, scenario: Scenario, *, has_base: bool) -> str | None:
    """Return the text of a new scenario on a base file in the same folder; None if that has a base of its own.

    Parameters
    ----------
    file
        Name of the base's file.
    scenario
        What it says.
    has_base
        Whether it begins from another file already; bases do not chain.
    """
    if has_base:
        return None
    name = f"{scenario.name[:70]} variant"
    head = dump_yaml({"base": file, "name": name})
    return f"{head}measures: []\n"


def normal(text: str) -> str:
    """Return a text with plain line ends, without a byte order mark, that ends in a line end."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return plain if plain.endswith("\n") or not plain else f"{plain}\n"


def _fault(words: str) -> Fault:
    found = _LINE.match(words)
    return Fault(int(found[1]), found[2]) if found else Fault(None, words)


def _without_path(words: str, path: str | Path) -> str:
    """Return an error's words without the place on this machine, and without advice for the command line."""
    plain = words.removeprefix(f"{path}: ").replace(f"{Path(path).parent}/", "")
    return plain.replace(f"scenario {Path(path).name}: ", "").partition("; `trafficdiff")[0]


def _content(text: str) -> dict[str, Any]:
    try:
        content = plain_from(text)
    except MalformedError as error:
        raise InputError(f"expected YAML before it can be edited here: {error}; mend it in the text first") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError("expected keys with values before it can be edited here; mend the text first")
    return content


def _own_measures(text: str) -> list[Any]:
    measures: Mapping[str, Any] | list[Any] | None = _content(text).get("measures")
    if measures is None:
        return []
    if not isinstance(measures, list):
        raise InputError("measures: expected a list before it can be edited here; mend the text first")
    return measures


def _measure_at(text: str, place: int) -> Any:
    measures = _own_measures(text)
    if place >= len(measures):
        raise InputError(f"expected a measure among {len(measures)}, got number {place + 1}; look at the list again")
    return measures[place]
