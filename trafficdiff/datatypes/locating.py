"""Find the lines of a YAML or JSON text that faults are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Located", "locate"]


class Located:
    """Hold a text's structure with its lines.

    Parameters
    ----------
    text
        YAML, or JSON, which YAML reads as well; nothing is found in a text that it cannot read.
    """

    def __init__(self, text: str) -> None:
        try:
            self._root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError):
            self._root = None

    def line(self, keys: Sequence[int | str]) -> int | None:
        """Return the line on which the last of the keys that is there stands, from 1; None if there is none."""
        node, line = self._root, None
        for key in keys:
            found = _child(node, key)
            if found is None:
                break
            line, node = found
        return line


def _child(node: yaml.Node | None, key: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == str(key):
                return name.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and 0 <= key < len(node.value):
        child = node.value[key]
        return child.start_mark.line + 1, child
    return None


def locate(keys: Sequence[int | str], content: object, *, is_missing: bool = False) -> list[int | str]:
    """Return the keys that lead into plain data, without those that no person wrote.

    Validation puts the names of union members between the keys of the file (``measures.2.close_road.where``).

    Parameters
    ----------
    keys
        As a validator says them.
    content
        What was validated.
    is_missing
        Whether the last key is one that should be there, and is not.
    """
    place: list[int | str] = []
    for position, key in enumerate(keys):
        missing = is_missing and position == len(keys) - 1
        if isinstance(content, dict) and (key in content or missing):
            place.append(key)
            content = content.get(key)
        elif isinstance(content, list | tuple) and isinstance(key, int) and key < len(content):
            place.append(key)
            content = content[key]
    return place
