"""The words of notices: Markdown templates, rendered as plain text and as HTML without pictures or links.

A folder of the district's own may hold a file of the same name for any of them. What comes from facts is
text and nothing else: in it a line's end becomes a space, and no character of it is Markdown or HTML.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from itertools import product
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt

from icaccess.errors import ConfigError
from icaccess.files import file_to_read
from icaccess.notices.interface import Message, Notice
from icaccess.notices.settings import APPROVER_KINDS, OPERATOR_KINDS, PERSON_KINDS

OPERATORS = "operators"
"""The template of all that those who run the system are told."""
_TEMPLATES = (*PERSON_KINDS, *APPROVER_KINDS, OPERATORS)

_OWN = Path(__file__).parent / "templates"
_SUBJECT = re.compile(r"Subject: *(\S.*)\n\n((?s:.*\S.*))")
_EMPTY_LINES = re.compile(r"\n{3,}")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body style="margin:0;background:#f4f4f2">
<div style="max-width:38em;margin:0 auto;padding:1.5em;background:#fff;color:#222;\
font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
{body}</div></body></html>
"""
_NAMES = ("Sample Person", "")
_VALID = ["2028-06-30"]
_LOCATIONS = [["210"], ["210", "211"]]
Values = Mapping[str, Any]


def _samples(codes: Sequence[str], days: Sequence[int]) -> dict[str, list[Values]]:
    """For each template, made-up values of every field that it may name: all that differ in more than words.

    Among the reasons are these codes, and among the days left these days.
    """
    some = [[_reason(code)] for code in codes]
    some += [[_reason("certification_expired")], [_reason("approval_missing"), _reason("not_employed")]]
    ends = [{"id": "001234", "name": name, "last_day": "2028-06-30", "reasons": some[0]} for name in _NAMES]
    waits = [{"id": "001235", "name": name, "locations": at} for name in _NAMES for at in _LOCATIONS]
    items = [{"kind": kind, "text": "Something happened."} for kind in OPERATOR_KINDS]
    return {
        "recertification_open": _each(valid_through=_VALID, recertification_opens=["2028-01-01"]),
        "access_ending": _each(
            last_day=_VALID,
            days_left=[0, 1, 14, *days],
            reasons=some,
            recertify=[True, False],
            recertification_opens=["2028-01-01"],
            valid_through=_VALID,
        ),
        "access_kept": _each(last_day=_VALID, valid_through=["2030-06-30"]),
        "access_given": _each(since=["2028-06-15"], locations=_LOCATIONS, valid_through=_VALID),
        "access_removed": _each(removed_on=["2028-07-01"], reasons=[*some, []]),
        "recertified": _each(valid_through=["2030-06-30"]),
        "approver_digest": [
            {"losing": losing, "waiting": waiting}
            for losing in ([], ends[:1], ends)
            for waiting in ([], waits[:1], waits)
            if losing or waiting
        ],
        OPERATORS: [{"items": items}, *({"items": [one]} for one in items)],
    }


def _reason(code: str) -> dict[str, str]:
    return {"code": code, "clause": "ES-12", "message": "It ran out.", "remedy": "Renew it."}


def _each(**fields: Sequence[Any]) -> list[Values]:
    """Each way to choose one of the values of every field."""
    return [dict(zip(fields, values, strict=True)) for values in product(*fields.values())]


class Words:
    """The templates, each tried on made-up values when they are opened.

    `ConfigError` names the file, the line, and what is wrong with it.
    """

    def __init__(self, folder: Path | None, contact: Mapping[str, str]) -> None:
        self._contact = ", ".join(contact.values())
        folders = [_OWN] if folder is None else [folder, _OWN]
        self._text = _environment(folders, _one_line)
        self._markdown = _environment(folders, _escaped)
        self._html = MarkdownIt("commonmark", {"html": False}).disable(["link", "image", "autolink"])
        if folder is not None:
            _check_folder(folder)
        for name in _TEMPLATES:
            self._check(name)

    def message(self, notices: Sequence[Notice], message_id: str) -> Message:
        """Notices to one recipient in words: one of a person or approver, or several of an operator."""
        first = notices[0]
        name, values = first.kind, first.values
        if name not in _TEMPLATES:
            name = OPERATORS
            values = {"items": [{"kind": one.kind, **one.values} for one in notices]}
        known = {"name": first.name, "contact": self._contact, "as_of": first.as_of.isoformat(), **values}
        subject, text, html = self._rendered(name, known)
        return Message(notices=tuple(notices), id=message_id, subject=subject, text=text, html=html)

    def _rendered(self, name: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
        file = f"{name}.md"
        subject, text = self._parts(self._text, file, values)
        _, markdown = self._parts(self._markdown, file, values)
        page = _PAGE.format(title=escape(subject), body=self._html.render(markdown))
        return subject, text, page

    def _parts(
        self, environment: jinja2.Environment, file: str, values: Mapping[str, Any]
    ) -> tuple[str, str]:
        try:
            found = _SUBJECT.fullmatch(environment.get_template(file).render(values))
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{error.filename} line {error.lineno}: {error.message}; correct it") from error
        except jinja2.TemplateError as error:
            known = f"{error.message}; known here: {', '.join(sorted(values))}"
            raise self._wrong(file, known, error) from error
        except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
            raise self._wrong(file, f"{error}; correct it", error) from error
        if found is None:
            text = "must begin with a line `Subject: …`, empty for nobody, and an empty line, then the text"
            raise self._wrong(file, text)
        return found[1], _EMPTY_LINES.sub("\n\n", found[2].rstrip()) + "\n"

    def _check(self, name: str) -> None:
        """Try a template on made-up values, among them the codes and days that it compares with."""
        source, where, _ = self._text.loader.get_source(self._text, f"{name}.md")  # type: ignore[union-attr]
        try:
            tree = self._text.parse(source)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{where} line {error.lineno}: {error.message}; correct it") from error
        written = {one.value for one in tree.find_all(nodes.Const)}
        codes = sorted(one for one in written if isinstance(one, str))
        days = sorted(
            one + by for one in written if isinstance(one, int) for by in (-1, 0, 1) if one + by > 1
        )
        samples: list[Values] = [
            {"name": person, "contact": self._contact, "as_of": "2028-06-16", **values}
            for person in _NAMES
            for values in _samples(codes, days)[name]
        ]
        self._check_fields(tree, str(where), samples[0])
        self._rendered(name, samples[0])
        for values in samples:
            self._parts(self._text, f"{name}.md", values)

    def _check_fields(self, tree: nodes.Template, where: str, values: Values) -> None:
        """Look at the template itself: made-up values do not lead to every field that it names."""
        try:
            found = meta.find_undeclared_variables(tree)
        except jinja2.TemplateSyntaxError:
            return  # rendering it says where
        for unknown in sorted(found - values.keys()):
            line = next(one.lineno for one in tree.find_all(nodes.Name) if one.name == unknown)
            raise ConfigError(
                f"{where} line {line}: names the unknown field {unknown!r}; known here: "
                f"{', '.join(sorted(values))}"
            )

    def _wrong(self, file: str, text: str, error: Exception | None = None) -> ConfigError:
        _, where, _ = self._text.loader.get_source(self._text, file)  # type: ignore[union-attr]
        # Jinja puts the lines of templates into the traceback; the last one is where it went wrong.
        for frame, line in traceback.walk_tb(error.__traceback__ if error else None):
            if frame.f_code.co_filename.endswith(".md"):
                where = f"{frame.f_code.co_filename} line {line}"
        return ConfigError(f"{where}: {text}")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of templates; correct notices.templates")
    known = sorted(path.name for path in _OWN.glob("*.md"))
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            raise ConfigError(f"{path}: is the template of no notice; known: {', '.join(known)}")
        try:
            file_to_read(path).read_text("utf-8")
        except (UnicodeDecodeError, OSError) as error:
            raise ConfigError(f"{path}: cannot be read as UTF-8 text; correct the file") from error


def _environment(folders: Sequence[Path], finalize: Any) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        autoescape=False,  # Markdown is escaped by `finalize`, and then made into HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    return environment


def _one_line(value: Any) -> Any:
    """What a template prints, without anything that could begin a line of its own."""
    return value if isinstance(value, jinja2.Undefined) else _printable(str(value))


def _escaped(value: Any) -> Any:
    return value if isinstance(value, jinja2.Undefined) else _PUNCTUATION.sub(r"\\\1", _printable(str(value)))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _day(value: str) -> str:
    """`June 30, 2028` for `2028-06-30`."""
    day = date.fromisoformat(value)
    return f"{day:%B} {day.day}, {day.year}"
