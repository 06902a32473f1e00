"""A draft is a list of commands: every step can be undone, and its text is always what a person would find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import InputError, ScenarioError
from trafficdiff.workflows.editing import (
    AddMeasure,
    ChangeMeasure,
    Draft,
    MoveMeasure,
    RemoveMeasure,
    SetField,
    WriteText,
    faults_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.workflows.editing import Command

BASE = "# by hand\nname: base\nnetwork: helsinki\nmeasures:\n  - kind: weather # wet\n    condition: rain\n"
CLOSE = {"kind": "close_road", "where": {"streets": ["Kaivokatu"]}}
LIMIT = {"kind": "speed_limit", "where": {"streets": ["Unioninkatu"]}, "speed_kmh": 30}
STEPS: tuple[Command, ...] = (
    AddMeasure(measure=CLOSE),
    AddMeasure(measure=LIMIT, at=0),
    MoveMeasure(place=0, to=2),
    ChangeMeasure(place=2, measure={**LIMIT, "speed_kmh": 40}),
    RemoveMeasure(place=1),
    SetField(place=("description",), value="About nothing"),
    SetField(place=("description",)),
    WriteText(text="name: [\n"),
)


def kinds(draft: Draft) -> list[str]:
    return [one["kind"] for one in draft.own_measures()]


def test_every_step_is_undone_and_done_again_to_the_same_bytes() -> None:
    draft = Draft(BASE)
    texts = [draft.text]
    for command in STEPS:
        draft = draft.after(command)
        texts.append(draft.text)
    assert len(set(texts)) == len(STEPS)  # taking the description away gives the text before it back
    for text in reversed(texts[:-1]):
        draft = draft.undo()
        assert draft.text == text
    assert not draft.can_undo
    assert draft.undo() is draft
    for text in texts[1:]:
        draft = draft.redo()
        assert draft.text == text
    assert not draft.can_redo
    assert Draft(draft.start, draft.commands, draft.done).text == draft.text


def test_commands_say_what_they_mean() -> None:
    draft = Draft(BASE).after(STEPS[0]).after(STEPS[1])
    assert kinds(draft) == ["speed_limit", "weather", "close_road"]
    draft = draft.after(STEPS[2])
    assert kinds(draft) == ["weather", "close_road", "speed_limit"]
    draft = draft.after(STEPS[3]).after(STEPS[4])
    assert kinds(draft) == ["weather", "speed_limit"]
    assert draft.own_measures()[1]["speed_kmh"] == 40
    assert "# by hand" in draft.text
    assert "# wet" in draft.text
    assert not draft.lost_comments


def test_a_new_command_drops_what_was_undone() -> None:
    draft = Draft(BASE).after(STEPS[0]).undo().after(STEPS[1])
    assert not draft.can_redo
    assert kinds(draft) == ["speed_limit", "weather"]


def test_a_command_that_changes_nothing_is_none() -> None:
    draft = Draft(BASE)
    assert draft.after(WriteText(text=BASE.replace("\n", "\r\n"))) is draft
    assert draft.after(SetField(place=("description",))) is draft


def test_a_text_with_faults_is_kept_and_mended_by_hand_only() -> None:
    draft = Draft(BASE).after(WriteText(text="name: [\n"))
    assert draft.text == "name: [\n"
    assert draft.own_measures() == []
    with pytest.raises(InputError, match="line 2"):
        draft.after(STEPS[0])


@pytest.mark.parametrize(
    "command", [RemoveMeasure(place=1), MoveMeasure(place=0, to=1), ChangeMeasure(place=3, measure=CLOSE)]
)
def test_a_measure_that_is_not_there_is_told(command: Command) -> None:
    with pytest.raises(InputError, match="look at the list again"):
        Draft(BASE).after(command)


def test_a_form_that_must_be_written_anew_says_so() -> None:
    draft = Draft("{name: a, network: b, measures: [{kind: weather, condition: rain}]} # gone\n")
    assert draft.after(RemoveMeasure(place=0)).lost_comments
    assert not draft.after(RemoveMeasure(place=0)).undo().lost_comments


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "name: base\nnetwork: helsinki\nsamples: none\nmeasures:\n  - kind: weather\n    condition: wet\nseed: -1\n"
    told = faults_of(text, tmp_path / "draft.yaml")
    assert [fault.line for fault in told] == [3, 6, 7]
    assert told[0].words.startswith("samples: expected a whole number")
    assert faults_of(BASE, tmp_path / "draft.yaml") == ()


def test_more_faults_than_an_error_spells_out_are_all_there(tmp_path: Path) -> None:
    measures = "".join("  - kind: weather\n    condition: wet\n" for _ in range(30))
    told = faults_of(f"name: base\nnetwork: helsinki\nmeasures:\n{measures}", tmp_path / "draft.yaml")
    assert [fault.line for fault in told] == [5 + 2 * place for place in range(30)]


def test_a_fault_of_the_yaml_itself_has_its_line_and_no_path(tmp_path: Path) -> None:
    [fault] = faults_of("name: base\nnetwork: {\n", tmp_path / "draft.yaml")
    assert fault.line == 3
    assert str(tmp_path) not in fault.words
    [fault] = faults_of("name: a\nbase: none.yaml\n", tmp_path / "draft.yaml")
    assert str(tmp_path) not in fault.words
    assert "none.yaml" in fault.words


def test_a_base_beside_the_file_is_found_and_its_measures_come_first(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    draft = Draft("base: base.yaml\nname: more\nmeasures: []\n").after(STEPS[0])
    scenario = draft.scenario(tmp_path / "more.yaml")
    assert [measure.kind for measure in scenario.measures] == ["weather", "close_road"]
    (tmp_path / "more.yaml").write_text(draft.text)
    assert read_scenario(tmp_path / "more.yaml") == scenario
    with pytest.raises(ScenarioError):
        draft.after(SetField(place=("seed",), value=-1)).scenario(tmp_path / "more.yaml")


def test_steps_beyond_the_last_five_hundred_become_the_beginning() -> None:
    draft = Draft(BASE)
    for number in range(510):
        draft = draft.after(WriteText(text=f"name: base {number}\n"))
    assert draft.done == len(draft.commands) == 500
    assert draft.start == "name: base 9\n"
    assert draft.undo().text == "name: base 508\n"
