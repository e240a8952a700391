"""YAML exactly as written: values with the line of each, read as a stream of events.

A general YAML reader resolves `001234` to 668 and keeps the last of two equal keys, and two readers may
resolve the same text differently. Here a plain scalar becomes a number or a boolean only if every reader
agrees. Anything else that some reader would resolve stays a `Bare`, which no type accepts, so that validation
asks for quotes. Equal keys, aliases, merge keys and tags are problems with a line number, never silently
applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import yaml

from icaccess.errors import IcaccessError, file_errors
from icaccess.files import file_to_read

Steps = tuple[str | int, ...]
"""Where a value is in a document: `("assignments", 0, "start")`."""

_MAX_DEPTH = 40
_AGREED_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_AGREED_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_AGREED_OTHER: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DISPUTED = re.compile(
    r"""[-+]?(0[xXoObB][0-9a-fA-F_]+
            | [0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?
            | \.[0-9][0-9_]*([eE][-+]?[0-9]+)?
            | [0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
            | \.(inf|Inf|INF))
      | \.(nan|NaN|NAN) | y|Y|n|N | yes|Yes|YES|no|No|NO | on|On|ON|off|Off|OFF""",
    re.VERBOSE,
)


class MarkedYamlError(Exception):
    """The text is not YAML, or not exactly one document. `line` counts from 1; 0 when unknown."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem

    def at(self, file: Path) -> str:
        """What is wrong in a file, and on which line."""
        return f"{file} line {self.line}: {self.problem}" if self.line else f"{file}: {self.problem}"


class Bare:
    """A plain scalar that YAML readers disagree about, such as `001234` or `no`; no type accepts one."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Problem(NamedTuple):
    """A problem that makes one value unusable: `path` and `line` say where, `text` what and what to do."""

    path: Steps
    line: int
    text: str


class Marked(NamedTuple):
    """A value as plain Python, the line on which each part starts, and the problems of its text."""

    value: Any
    lines: dict[Steps, int]
    problems: list[Problem]

    def line(self, path: Steps) -> int:
        """The line of the value at `path`, or of the nearest value around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def read_file(file: Path, kind: type[IcaccessError], advice: str) -> Marked:
    """The one document of a file; an empty one gives `None` as its value.

    An error of `kind` names the file, the line and the fault when the file cannot be read, does not parse or
    holds more than one document. `advice` says what to do where it cannot be read.
    """
    with file_errors(kind, f"{file}: cannot be read", advice), file_to_read(file).open("rb") as stream:
        try:
            reader = _Reader(stream)
            event = reader.open_document()
            marked = Marked(None, {(): 1}, []) if event is None else reader.build(event)
            reader.close_document()
        except MarkedYamlError as error:
            raise kind(error.at(file)) from error
    return marked


def read_items(stream: IO[bytes], key: str) -> Iterator[Marked]:
    """The items of `key: [...]` or of a bare list, one at a time, to read a large file in little memory.

    `MarkedYamlError` when the text does not parse or has another shape.
    """
    reader = _Reader(stream)
    event = reader.open_document()
    shape = f"expected `{key}: [...]` or a list"
    if event is None:
        raise MarkedYamlError(1, f"is empty; {shape}")
    wrapped = isinstance(event, yaml.MappingStartEvent)
    if wrapped:
        name = reader.next()
        if not (isinstance(name, yaml.ScalarEvent) and name.value == key):
            raise MarkedYamlError(_line(name), shape)
        event = reader.next()
    if not isinstance(event, yaml.SequenceStartEvent):
        raise MarkedYamlError(_line(event), shape)
    while not isinstance(event := reader.next(), yaml.SequenceEndEvent):
        yield reader.build(event)
    if wrapped and not isinstance(event := reader.next(), yaml.MappingEndEvent):
        raise MarkedYamlError(_line(event), f"`{key}` must be the only key, given once")
    reader.close_document()


class _Reader:
    """Builds values out of the events of libyaml, which reads its stream piece by piece."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._events = yaml.parse(stream, Loader=yaml.CSafeLoader)
        self._lines: dict[Steps, int] = {}
        self._problems: list[Problem] = []

    def next(self) -> Any:
        try:
            return next(self._events)
        except yaml.YAMLError as error:
            raise _problem_of(error) from error
        except UnicodeDecodeError as error:
            raise MarkedYamlError(0, "is not UTF-8; save it as UTF-8") from error

    def open_document(self) -> Any:
        """The first event of the content, or None when there is none."""
        self.next()
        if isinstance(self.next(), yaml.StreamEndEvent):
            return None
        return self.next()

    def close_document(self) -> None:
        for event in iter(self.next, None):
            if isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.DocumentStartEvent):
                raise MarkedYamlError(_line(event), "a second document starts; keep one in each file")

    def build(self, event: Any) -> Marked:
        self._lines, self._problems = {}, []
        value = self._value(event, ())
        return Marked(value, self._lines, self._problems)

    def _value(self, event: Any, path: Steps) -> Any:
        self._lines[path] = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
                self._problem(event, path, f"carries the tag {event.tag}; remove the tag, or quote the text")
            return _resolve(event)
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, path, f"*{event.anchor} is an alias; write the value out")
            return None
        if len(path) >= _MAX_DEPTH:
            raise MarkedYamlError(_line(event), f"is nested more than {_MAX_DEPTH} deep")
        if event.tag is not None:
            self._problem(event, path, f"carries the tag {event.tag}; remove the tag")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := self.next(), yaml.SequenceEndEvent):
                items.append(self._value(item, (*path, len(items))))
            return items
        return self._mapping(path)

    def _mapping(self, path: Steps) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise MarkedYamlError(_line(event), "a key must be a plain or quoted string")
            key = event.value
            if event.implicit[0] and key == "<<":
                self._problem(event, (*path, key), "merge keys are not read; write the values out")
            elif not isinstance(_resolve(event), str):
                self._problem(event, (*path, key), "this key does not read as text; quote it")
            elif key in mapping:
                self._problem(event, (*path, key), "is given twice; keep one")
            line = _line(event)
            mapping[key] = self._value(self.next(), (*path, key))
            self._lines[(*path, key)] = line
        return mapping

    def _problem(self, event: Any, path: Steps, text: str) -> None:
        self._problems.append(Problem(path, _line(event), text))


def _resolve(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, a block, or tagged: text as written
        return text
    if text in _AGREED_OTHER:
        return _AGREED_OTHER[text]
    if _DISPUTED.fullmatch(text) is None:
        return text
    if _AGREED_INT.fullmatch(text):
        return int(text)
    return float(text) if _AGREED_FLOAT.fullmatch(text) else Bare(text)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _problem_of(error: yaml.YAMLError) -> MarkedYamlError:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        problem = f"is not YAML: {error.problem or error.context}; correct it there or in the lines before"
        return MarkedYamlError(line, problem)
    if isinstance(error, yaml.reader.ReaderError):
        return MarkedYamlError(0, f"is not readable as UTF-8 text at byte {error.position}; save it as UTF-8")
    return MarkedYamlError(0, f"is not YAML: {error}; correct it")
