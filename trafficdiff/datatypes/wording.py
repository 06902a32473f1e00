"""Say in our words what pydantic found wrong with what a person wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SENTENCES", "in_words", "shortened"]

_SHOWN_LENGTH: Final = 100
_SHOWN_KEY: Final = 60

_WHOLE: Final = "expected a whole number"
_NUMBER: Final = "expected a number"
_TRUTH: Final = "expected true or false"
_DATE: Final = "expected a date such as 2024-10-08"
_KEYS: Final = "expected keys with values"
_TEXT: Final = "expected text"

SENTENCES: Final[dict[str, str]] = {
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "dict_type": _KEYS,
    "extra_forbidden": "unknown key",
    "finite_number": "expected a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "expected a number above {gt}",
    "greater_than_equal": "expected a number from {ge} up",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "invalid_key": "expected a key that is text",
    "less_than": "expected a number below {lt}",
    "less_than_equal": "expected a number up to {le}",
    "literal_error": "expected {expected}",
    "missing": "missing",
    "model_attributes_type": _KEYS,
    "model_type": _KEYS,
    "path_type": "expected a path",
    "string_pattern_mismatch": "expected text of the form {pattern}",
    "string_sub_type": _TEXT,
    "string_too_long": "expected at most {max_length} characters",
    "string_too_short": "expected text of at least {min_length} character(s)",
    "string_type": _TEXT,
    "string_unicode": "expected text in Unicode",
    "too_long": "expected at most {max_length} entries",
    "too_short": "expected at least {min_length} entries",
    "tuple_type": "expected a list",
    "union_tag_invalid": "expected a `kind` among {expected_tags}",
    "union_tag_not_found": "expected a `kind`",
}
"""What to say of each kind of fault; the names are pydantic's, and those in braces come from its context."""

_FORMS: Final = {
    r"^[\w][\w .,()+-]*$": "letters, digits, spaces and _ . , ( ) + - that begin with a letter or digit",
    "^[0-9a-f]{64}$": "64 hexadecimal digits",
}
"""Regular expressions of our models, in words."""


def in_words(error: Mapping[str, Any], *, place: Sequence[int | str], advice: Mapping[str, str] | None = None) -> str:
    """Return one fault as place, what was expected and what came.

    Parameters
    ----------
    error
        One of ``ValidationError.errors()``.
    place
        Keys that lead to the fault.
    advice
        What to add, by kind of fault.
    """
    kind, given = str(error["type"]), error.get("input")
    where = ".".join(_key(part) for part in place if part != "[key]") or "the whole"
    if kind == "value_error":
        sentence = str(error["ctx"]["error"])
    else:
        facts = {key: _fact(value) for key, value in error.get("ctx", {}).items()}
        sentence = SENTENCES.get(kind, "expected another value").format(**facts)
    if kind == "union_tag_invalid":
        given = error["ctx"]["tag"]
    told = kind in {"extra_forbidden", "missing", "union_tag_not_found"} or isinstance(given, dict) or "got" in sentence
    return f"{where}: {sentence}{'' if told else f', got {shortened(given)}'}{(advice or {}).get(kind, '')}"


def shortened(value: object) -> str:
    """Return a value as it is written in Python, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out whole numbers of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."


def _key(part: int | str) -> str:
    text = str(part)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN_KEY else f"{text[:_SHOWN_KEY]}..."


def _fact(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return _FORMS.get(str(value), str(value))
