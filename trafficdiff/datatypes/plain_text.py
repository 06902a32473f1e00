"""Read YAML and JSON as plain data, without the surprises of YAML 1.1.

There ``7:30`` is the number 450, ``010`` is 8, ``no`` is false, a date is an object, and a key that occurs twice
counts once, in silence. Here they are text, or an error.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MalformedError", "dump_yaml", "load_json", "load_yaml", "plain_from", "read_plain"]

_DEEPEST: Final = 20
_OTHER_LINE_ENDS: Final = frozenset("\x85\u2028\u2029")
"""Line ends of Unicode. PyYAML breaks quoted text at them, and reads the break as a space."""


class MalformedError(ValueError):
    """Say on one line what is wrong with YAML or JSON."""


class _PlainLoader(yaml.SafeLoader):
    """YAML with the numbers of JSON: ``7:30`` is text and not 450, dates stay text, a key occurs once."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (as in the base class)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in {"null", "merge"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        _refuse_repeats(names)
        return super().construct_mapping(node, deep)


# Each pattern is part of YAML 1.1's, so that text which PyYAML writes without quotes is never read as a number.
for _tag, _pattern, _first in (
    ("int", r"[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"(?:[-+]?(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?$", "-+.0123456789"),
    ("bool", r"(?:true|True|false|False)$", "tTfF"),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class _PlainDumper(yaml.SafeDumper):
    """YAML that reads back as what was written, whatever the text is."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _OTHER_LINE_ENDS & set(text) else None)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (as in the base class)
        return True


_PlainDumper.add_representer(str, _PlainDumper.represent_text)


def _refuse_repeats(names: list[str]) -> None:
    if repeats := sorted({name for name in names if names.count(name) > 1}):
        raise MalformedError(f"expected every key once, got {', '.join(repeats)} more than once; keep one")


def load_yaml(text: str) -> object:
    """Return the content of a YAML text.

    Raises
    ------
    MalformedError
        If it has anchors or aliases, a key twice, or more than 20 levels (PyYAML's time grows with their square).
    yaml.YAMLError
        If it is not YAML, or asks for anything but plain data.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedError("expected plain YAML, got anchors and aliases; write the values out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise MalformedError(f"expected at most {_DEEPEST} levels, got more")
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506  (a SafeLoader)


def dump_yaml(value: object, *, flow: bool = False, width: int | None = None) -> str:
    """Return plain data as YAML, keys in their order; `load_yaml` gives it back.

    flow
        Whether maps and lists are written in brackets.
    width
        Columns after which lines are folded; None for PyYAML's 80.
    """
    written = yaml.dump(
        value, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=width
    )
    return str(written)


def load_json(text: str) -> object:
    """Return the content of a JSON text.

    Raises
    ------
    MalformedError
        If it has a key twice.
    json.JSONDecodeError
        If it is not JSON.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_repeats([name for name, _ in pairs])
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def read_plain(path: Path, *, most_bytes: int) -> object:
    """Return the content of a file, JSON if the name ends in ``.json``, else YAML.

    Raises
    ------
    MalformedError
        Saying on one line, without the path, what is wrong: no file, too large, no text, no YAML or JSON.
    """
    try:
        if path.is_dir():
            raise MalformedError("expected a YAML or JSON file, got a folder")
        if (size := path.stat().st_size) > most_bytes:
            raise MalformedError(f"expected at most {most_bytes / 1e6:g} MB, got {size / 1e6:.1f} MB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MalformedError(f"expected a YAML or JSON file, got {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedError("expected text in UTF-8, got a binary file or another encoding") from error
    return plain_from(text, is_json=path.suffix == ".json")


def plain_from(text: str, *, is_json: bool = False) -> object:
    """Return the content of a text, YAML or JSON.

    Raises
    ------
    MalformedError
        Saying on one line what is wrong, with the place.
    """
    if "\0" in text:
        raise MalformedError("expected text in UTF-8, got a binary file")
    try:
        return load_json(text) if is_json else load_yaml(text)
    except json.JSONDecodeError as error:
        raise MalformedError(f"expected JSON, got line {error.lineno}, column {error.colno}: {error.msg}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise MalformedError(f"expected YAML, got {where}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise MalformedError(f"expected YAML, got {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise MalformedError("expected a few levels, got endless nesting") from error
    except MalformedError:
        raise
    except ValueError as error:  # Python refuses to read whole numbers of more than 4300 digits
        raise MalformedError("expected numbers of at most thousands of digits, got a longer one") from error
