"""Turns msgspec's message about a mistyped value into where it is, what is wrong and what to do."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from icaccess.errors import IcaccessError
from icaccess.marked_yaml import Bare, Marked, Steps
from icaccess.text import clip, quoted

_AT = re.compile(r"(?s)(?P<text>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")
_MAX_SHOWN = 60
T = TypeVar("T")

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {">=": operator.ge, "<=": operator.le, ">": operator.gt}
_BARE = {
    "bool": "must be true or false",
    "int": "must be a plain decimal number, without leading zeros",
    "float": "must be a plain decimal number, without leading zeros",
    "object": "must be a mapping",
    "array": "must be a list",
}
_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
}
_KINDS = {dict: "object", list: "array", type(None): "null"}
"""The types that msgspec does not call by Python's name."""
_SENTENCES = (
    (r".*got `null`", "is null or left empty; give a value, or leave the field out where it is optional"),
    (r"Expected `str.*, got `(?:int|float)`", "{shown} does not read as text; put it in quotes"),
    (
        r"Expected `(?:str|object|array)` of length >= 1",
        "is empty; give a value, or leave the field out where it is optional",
    ),
    (r"Expected `str` of length <= 1", "must be one character"),
    (r"Expected `(?:int|float)` >= (.*)", "must be at least {0}"),
    (r"Expected `(?:int|float)` <= (.*)", "must be at most {0}"),
    (r"Expected `(?:int|float)` > (.*)", "must be more than {0}"),
    (r"Expected `object` of length <= 1", "must name only one thing"),
    (r"Expected `str` matching regex '\^(.*)\$'", "{shown} does not have the form {0}"),
    (
        r"Invalid RFC3339 encoded date|Expected `date`, got `(?:int|float)`",
        "{shown} is not a calendar date; write YYYY-MM-DD",
    ),
)
"""What msgspec says, and what it means for the author of the value."""


class Complaint(NamedTuple):
    """One problem of a value: the path to it and the part of a sentence that follows the field's name."""

    path: Steps
    text: str


def field_name(path: Steps) -> str:
    """`assignments[0].start` for `("assignments", 0, "start")`."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return name.removeprefix(".")


def show(value: object) -> str:
    """A value from outside on one line, cut if it is long."""
    if isinstance(value, str):
        return quoted(value, _MAX_SHOWN - 2)
    if isinstance(value, Bare):
        return quoted(value.text, _MAX_SHOWN - 2)
    if isinstance(value, bool):
        return str(value).lower()
    kind = _KINDS.get(type(value))
    return _NAMES.get(kind, kind) if kind else clip(str(value), _MAX_SHOWN)


def explain(error: msgspec.ValidationError, value: object, of: Any, *, secret: bool = False) -> Complaint:
    """What `error`, raised on converting `value` to the type `of`, means for the author of the value.

    With `secret`, the message repeats nothing of the value but its keys.
    """
    match = _AT.fullmatch(str(error))
    text, where = (match["text"], match["path"] or "") if match else (str(error), "")
    is_of_key = match is not None and match["key"] is not None
    steps = [step[1] or (int(step[2]) if step[2] else None) for step in _STEP.finditer(where)]
    path = _path(value, steps, text)
    if match := re.fullmatch(r"Object missing required field `(.*)`", text):
        return Complaint((*path, match[1]), "is required and absent; add it")
    if match := re.fullmatch(r"(?s)Object contains unknown field `(.*)`", text):
        known = ", ".join(_fields(_type_at(of, path)))
        return Complaint((*path, match[1]), f"is not a known field; known here: {known}")
    if is_of_key and " of length >= 1" in text:
        return Complaint(path, "holds an empty name; write one")
    if text.startswith("Invalid enum value") and is_of_key:
        keys = _choices(getattr(_type_at(of, path), "key_type", None))
        wrong = next((key for key in _value_at(value, path) or () if key not in keys), None)
        return Complaint(path, f"{show(wrong)} is not one of {', '.join(map(str, keys))}")
    if text.startswith("Invalid value") and (tags := _tags(_type_at(of, path[:-1]))):
        shown = "the value" if secret else show(_value_at(value, path))
        return Complaint(path, f"{shown} is not one of {', '.join(tags)}")
    return Complaint(path, _sentence(text, _value_at(value, path), _type_at(of, path), secret=secret))


def converted(written: Marked, of: type[T], file: Path, kind: type[IcaccessError], at: Steps = ()) -> T:
    """The part at `at` of a file's document as the type `of`; an error of `kind` says what is wrong where."""
    for problem in written.problems:
        raise kind(placed(written, file, problem.path, problem.text))
    value = _value_at(written.value, at)
    try:
        return msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        path, text = explain(error, value, of)
        raise kind(placed(written, file, (*at, *path), text)) from error


def placed(written: Marked, file: Path, path: Steps, text: str) -> str:
    """What is wrong at a path in a file's document, after the file, the line and the field."""
    return f"{file} line {written.line(path)}: {field_name(path) or 'the whole'}: {text}"


def _sentence(text: str, value: object, of: Any, *, secret: bool) -> str:
    shown = "the value" if secret else show(value)
    if isinstance(value, Bare) and "`" in text:
        wanted = text.split("`")[1].split(" | ")[0]
        return f"{shown} {_BARE.get(wanted, 'does not read as text; put it in quotes')}"
    if text.startswith("Invalid enum value"):
        return f"{shown} is not one of {', '.join(map(str, _choices(of)))}"
    for pattern, sentence in _SENTENCES:
        if match := re.fullmatch(pattern, text):
            return sentence.format(*match.groups(), shown=shown)
    if match := re.fullmatch(r"Expected `(.*)`, got `(.*)`", text):
        return (
            f"must be {_NAMES.get(match[1].split(' | ')[0], match[1])}, not {_NAMES.get(match[2], match[2])}"
        )
    return text[:1].lower() + text[1:]


def _path(value: Any, steps: Sequence[str | int | None], text: str) -> Steps:
    """The steps with the keys that msgspec leaves out, up to the first unknown one."""
    if None not in steps:
        return tuple(step for step in steps if step is not None)
    place = steps.index(None)
    known = tuple(step for step in steps[:place] if step is not None)
    mapping = _value_at(value, known)
    for key in mapping if isinstance(mapping, dict) else ():
        path = _path(mapping[key], steps[place + 1 :], text)
        if _is_meant(_value_at(mapping[key], path), text):
            return (*known, key, *path)
    return known


def _is_meant(value: object, text: str) -> bool:
    """Whether `value` is of the kind that msgspec calls `text`."""
    if match := re.search(r"got `(.*)`$", text):
        return _KINDS.get(type(value), type(value).__name__) == match[1]
    if match := re.fullmatch(r"(?s)Object (contains unknown|missing required) field `(.*)`", text):
        return isinstance(value, dict) and (match[2] in value) == (match[1] == "contains unknown")
    if match := re.search(r"Expected `(?:int|float)` (>=|<=|>) (.*)$", text):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and not _COMPARED[match[1]](value, float(match[2]))
    return " of length >= 1" in text and value in ("", [], {})


def _value_at(value: Any, path: Steps) -> Any:
    try:
        for step in path:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def _type_at(of: Any, path: Steps) -> Any:
    here: Any = msgspec.inspect.type_info(of)
    for step in path:
        here = _inner(here, step)
        if here is None:
            return None
    return here


def _inner(here: Any, step: str | int) -> Any:
    if isinstance(here, msgspec.inspect.Metadata):
        return _inner(here.type, step)
    if isinstance(here, msgspec.inspect.UnionType):
        return next((found for one in here.types if (found := _inner(one, step)) is not None), None)
    if isinstance(here, msgspec.inspect.StructType):
        return next((field.type for field in here.fields if field.encode_name == step), None)
    if isinstance(here, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        return here.item_type
    return here.value_type if isinstance(here, msgspec.inspect.DictType) else None


def _fields(here: Any) -> list[str]:
    if isinstance(here, msgspec.inspect.UnionType):
        return next((found for one in here.types if (found := _fields(one))), [])
    if isinstance(here, msgspec.inspect.StructType):
        return [field.encode_name for field in here.fields]
    return []


def _tags(here: Any) -> list[str]:
    """The texts that tell the kinds of a union apart."""
    kinds = here.types if isinstance(here, msgspec.inspect.UnionType) else ()
    return sorted(str(one.tag) for one in kinds if isinstance(one, msgspec.inspect.StructType))


def _choices(here: Any) -> tuple[Any, ...]:
    if isinstance(here, msgspec.inspect.UnionType):
        return next((found for one in here.types if (found := _choices(one))), ())
    return tuple(here.values) if isinstance(here, msgspec.inspect.LiteralType) else ()
