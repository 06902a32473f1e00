"""Edit YAML as text, so that what is not edited keeps its comments, its order and its form.

::

    measures:                      insert_item(text, ("measures",), 1, {"kind": ...})
      - kind: close_road  # works   set_in(text, ("measures", 0, "where"), {...})

The places come from the parser. What an edit makes is read again and compared with what it should say: where the two
differ (rare forms of YAML), all is written anew, and the comments below the head of the file are lost.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from trafficdiff.datatypes.plain_text import MalformedError, dump_yaml, plain_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Edited", "Place", "dumped", "insert_item", "move_item", "remove_in", "replace_in", "set_in"]

Place = tuple[int | str, ...]
"""Keys that lead to a value in plain data."""

_WIDTH: Final = 100


@dataclass(frozen=True)
class Edited:
    """Represent a text after an edit.

    Parameters
    ----------
    text
        YAML.
    keeps_comments
        Whether only the edited part was touched; else all was written anew.
    """

    text: str
    keeps_comments: bool = True


def dumped(value: object) -> str:
    """Return plain data as YAML in the form that this project writes: maps and lists of maps as blocks, the rest flow.

    What it writes reads back as what was given; odd texts that do not are written in PyYAML's own form.
    """
    text = _block(value)
    try:
        if plain_from(text) == value:
            return text
    except MalformedError:
        pass
    return dump_yaml(value)


def _block(value: object) -> str:
    if isinstance(value, dict) and value:
        return "".join(_entry_text(str(key), part) for key, part in value.items())
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return "".join(f"- {_indented(_block(part), 2).lstrip()}" for part in value)
    return f"{_flow(value)}\n"


def _entry_text(key: str, value: object) -> str:
    nested = isinstance(value, dict) and any(isinstance(part, dict | list) for part in value.values())
    listed = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    if nested or listed:
        return f"{_on_one_line(key)}:\n{_indented(_block(value), 2)}"
    lines = _flow(value).splitlines()
    return "".join(f"{line}\n" for line in (f"{_on_one_line(key)}: {lines[0]}", *(f"  {line}" for line in lines[1:])))


def _flow(value: object) -> str:
    text = dump_yaml(value, flow=True, width=_WIDTH)
    return text.removesuffix("\n").removesuffix("\n...")


def set_in(text: str, place: Place, value: object) -> Edited:
    """Set the value under a key; maps on the way are made."""

    def change(data: Any) -> None:
        for key in place[:-1]:
            data = data.setdefault(key, {}) if isinstance(data, dict) else data[key]
        data[place[-1]] = value

    return _checked(text, change, lambda: _set(text, place, value))


def replace_in(text: str, place: Place, value: object) -> Edited:
    """Set the value at a place and touch only what differs from the value that is there."""
    there = _value_at(text, place)
    if not (isinstance(there, dict) and isinstance(value, dict)):
        return set_in(text, place, value)
    keeps = True
    for key in [key for key in there if key not in value]:
        edited = remove_in(text, (*place, key))
        text, keeps = edited.text, keeps and edited.keeps_comments
    for key, new in value.items():
        if key not in there or there[key] != new:
            edited = replace_in(text, (*place, key), new) if key in there else set_in(text, (*place, key), new)
            text, keeps = edited.text, keeps and edited.keeps_comments
    return Edited(text, keeps)


def remove_in(text: str, place: Place) -> Edited:
    """Take a key or an entry of a list away; comments right above an entry go with it."""

    def change(data: Any) -> None:
        for key in place[:-1]:
            data = data[key]
        del data[place[-1]]

    return _checked(text, change, lambda: _remove(text, place))


def insert_item(text: str, place: Place, at: int, value: object) -> Edited:
    """Insert an entry into the list under a key; the list is made if there is none."""

    def change(data: Any) -> None:
        for key in place[:-1]:
            data = data[key]
        if not isinstance(data.get(place[-1]), list):
            data[place[-1]] = []
        data[place[-1]].insert(at, value)

    return _checked(text, change, lambda: _insert(text, place, at, value))


def move_item(text: str, place: Place, start: int, end: int) -> Edited:
    """Move an entry of a list, with its comments, so that it stands at another position afterwards."""

    def change(data: Any) -> None:
        for key in place:
            data = data[key]
        data.insert(end, data.pop(start))

    return _checked(text, change, lambda: _move(text, place, start, end))


def _checked(text: str, change: Callable[[Any], None], edit: Callable[[], str]) -> Edited:
    """Return the edit of the text if it says what the change of its data says, else these written anew."""
    wanted = copy.deepcopy(_plain(text))
    change(wanted)
    try:
        edited = edit()
        if _plain(edited) == wanted:
            return Edited(edited)
    except (MalformedError, yaml.YAMLError, LookupError, _UnusualFormError):
        pass
    head = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            break
        head.append(line)
    return Edited("".join(f"{line}\n" for line in head) + dumped(wanted), keeps_comments=False)


class _UnusualFormError(Exception):
    """Say that a text has a form that is not edited in place."""


def _plain(text: str) -> Any:
    content = plain_from(text)
    return {} if content is None else content


def _value_at(text: str, place: Place) -> Any:
    value = _plain(text)
    for key in place:
        value = value[key]
    return value


def _root(text: str) -> yaml.Node:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        raise _UnusualFormError
    return root


def _entry(node: yaml.Node, key: int | str) -> tuple[yaml.Node, yaml.Node]:
    """Return the node of a key and that of its value; of an entry of a list, the entry twice."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == str(key):
                return name, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key], node.value[key]
    raise KeyError(key)


def _node_at(text: str, place: Sequence[int | str]) -> yaml.Node:
    node = _root(text)
    for key in place:
        node = _entry(node, key)[1]
    return node


def _end(node: yaml.Node, text: str) -> int:
    """Return where a value ends in the text: a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    end = node.end_mark.index
    if end == node.start_mark.index:
        return int(end)
    return len(text[:end].rstrip())


def _line_end(text: str, index: int) -> int:
    """Return the place behind the line break of a line."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _on_one_line(value: object) -> str:
    text = dump_yaml(value, flow=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}\n" if line else "\n" for line in text.splitlines())


def _set(text: str, place: Place, value: object) -> str:
    parent, steps = _root(text), list(place[:-1])
    for depth, key in enumerate(steps):
        try:
            parent = _entry(parent, key)[1]
        except KeyError:
            for inner in reversed(place[depth + 1 :]):
                value = {inner: value}
            return _set(text, place[: depth + 1], value)
    try:
        name, there = _entry(parent, place[-1])
    except KeyError:
        return _with_key(text, parent, str(place[-1]), value)
    start, end = there.start_mark.index, _end(there, text)
    if not _is_block(parent):
        return text[:start] + _on_one_line(value) + text[end:]
    if isinstance(parent, yaml.SequenceNode):
        return text[:start] + _indented(dumped(value), there.start_mark.column).strip() + text[end:]
    column = name.start_mark.column
    entry = _indented(dumped({place[-1]: value}), column).strip()
    return text[: name.start_mark.index] + entry + text[end:]


def _with_key(text: str, parent: yaml.Node, key: str, value: object) -> str:
    """Return the text with one more key at the end of a map."""
    if not isinstance(parent, yaml.MappingNode):
        raise _UnusualFormError
    if not _is_block(parent):
        inside = _on_one_line({key: value})[1:-1]
        before = text[: parent.end_mark.index - 1].rstrip()
        comma = ", " if parent.value else ""
        return (
            f"{before}{comma}{inside}{'}' if before.endswith('{') or not parent.value else ' }'}"
            + text[parent.end_mark.index :]
        )
    at = _line_end(text, _end(parent, text))
    gap = "" if at == 0 or text[at - 1] == "\n" else "\n"
    return text[:at] + gap + _indented(dumped({key: value}), parent.start_mark.column) + text[at:]


def _remove(text: str, place: Place) -> str:
    parent = _node_at(text, place[:-1])
    if not _is_block(parent):
        raise _UnusualFormError
    name, there = _entry(parent, place[-1])
    if len(parent.value) == 1:  # what is left of a block is empty
        if len(place) < 2:
            raise _UnusualFormError
        empty: object = [] if isinstance(parent, yaml.SequenceNode) else {}
        return _set(text, place[:-1], empty)
    if isinstance(parent, yaml.SequenceNode):
        start, end = _item_span(text, there)
        return text[:start] + text[end:]
    start = _line_start(text, name.start_mark.index)
    if text[start : name.start_mark.index].strip():  # the first key of an entry stands behind its dash
        following = next(key for key, _ in parent.value if key.start_mark.index > name.start_mark.index)
        return text[: name.start_mark.index] + text[following.start_mark.index :]
    return text[:start] + text[_line_end(text, _end(there, text)) :]


def _item_span(text: str, item: yaml.Node) -> tuple[int, int]:
    """Return begin and end of an entry of a block list: whole lines, comments right above it among them."""
    dash = text.rfind("-", 0, item.start_mark.index)
    start = _line_start(text, dash)
    if text[start:dash].strip():
        raise _UnusualFormError
    while start > 0:
        above = _line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start, _line_end(text, _end(item, text))


def _insert(text: str, place: Place, at: int, value: object) -> str:
    try:
        there = _node_at(text, place)
    except KeyError:
        return _set(text, place, [value])
    if not isinstance(there, yaml.SequenceNode) or not there.value:
        return _set(text, place, [value])
    if not _is_block(there):
        return _set(text, place, [*_value_at(text, place)[:at], value, *_value_at(text, place)[at:]])
    column = _dash_column(text, there.value[0])
    spans = [_item_span(text, item) for item in there.value]
    where = spans[-1][1] if at >= len(spans) else spans[at][0]
    gap = "" if where == 0 or text[where - 1] == "\n" else "\n"
    return text[:where] + gap + _indented(dumped([value]), column) + text[where:]


def _dash_column(text: str, item: yaml.Node) -> int:
    dash = text.rfind("-", 0, item.start_mark.index)
    return dash - _line_start(text, dash)


def _move(text: str, place: Place, start: int, end: int) -> str:
    there = _node_at(text, place)
    if not _is_block(there):
        raise _UnusualFormError
    spans = [_item_span(text, item) for item in there.value]
    own = text[slice(*spans[start])]
    own = own if own.endswith("\n") else f"{own}\n"
    if end > start:
        at = spans[end][1]
        head = text[: spans[start][0]] + text[spans[start][1] : at]
        return head + ("" if head.endswith("\n") else "\n") + own + text[at:]
    at = spans[end][0]
    return text[:at] + own + text[at : spans[start][0]] + text[spans[start][1] :]
