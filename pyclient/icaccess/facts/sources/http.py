"""JSON APIs, with any style of paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import jmespath
from jmespath.exceptions import JMESPathError

from icaccess.config import Config
from icaccess.config.secrets import shown_url
from icaccess.errors import FactsError
from icaccess.facts.mapping import MappedSource
from icaccess.facts.settings import HttpSettings
from icaccess.facts.sources.json_api import JsonApi, Page, Pages
from icaccess.http import same_origin

_ROOT = re.compile(r"[A-Za-z_]\w*(?=$|[.\[ |])")


class JsonFields:
    """JMESPath expressions, and whether any row has the fields that they start with."""

    def __init__(self, required: Iterable[str] = ()) -> None:
        self._roots = set(required)

    def look(self, expression: str, *, required: bool = True) -> Callable[[Any], Any]:
        """The compiled expression for searching a row; `ValueError` when it is not one.

        If it is `required`, some row must have the field that it starts with.
        """
        search = _compiled(expression)
        if required and (root := _ROOT.match(expression)) is not None:
            self._roots.add(root[0])
        return search

    def seen(self, row: Mapping[str, Any]) -> None:
        """Take note of a row's fields."""
        if self._roots:
            self._roots.difference_update(row)

    def check(self) -> None:
        """`FactsError` when no row has a field."""
        if self._roots:
            raise FactsError(
                f"no row has the field {sorted(self._roots)[0]!r}, which the settings name; correct them"
            )


class HttpSource(MappedSource):
    """The rows of one JSON API, page by page."""

    settings: HttpSettings

    def __init__(self, config: Config, settings: HttpSettings) -> None:
        self._config = config
        self._fields = JsonFields(settings.expect.columns)
        super().__init__(config, settings)
        self._url = settings.url.reveal()
        self._shown = shown_url(self._url)
        self._items = _compiled(settings.items, "items: ")
        self._total = _compiled(settings.total, "total: ") if settings.total else None
        if settings.paging.style == "cursor" and not settings.paging.next_cursor:
            raise ValueError(
                "paging.next_cursor: is required with the style cursor: where an answer names the next cursor"
            )
        self._cursor = _compiled(settings.paging.next_cursor or "@", "paging.next_cursor: ")

    def column(self, name: str) -> Callable[[Any], Any]:
        """A field by its JMESPath expression."""
        return self._fields.look(name)

    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row with its number; `FactsError` when the pages are not complete."""
        number, settings = 0, self.settings
        with JsonApi(self._config, settings) as api:
            for items in self._pages(api):
                for item in items:
                    number += 1
                    if isinstance(item, dict):
                        self._fields.seen(item)
                        yield number, item
                    else:
                        yield number, "is not a JSON object"
        if number:
            self._fields.check()

    def _pages(self, api: JsonApi) -> Iterator[list[Any]]:
        paging, pages = self.settings.paging, Pages(self._url)
        first = {"offset": 0, "page": paging.first_page}.get(paging.style)
        url, parameters = self._url, self._parameters(first)
        for number in range(1, paging.max_pages + 1):
            answer = api.get(url, parameters)
            items = self._listed(answer)
            if answer.is_part and paging.style == "none":
                raise FactsError(f"{self._shown}: answered with a part of its rows (206); declare `paging`")
            self.as_of = self.as_of or answer.as_of
            pages.take(items, self._said_total(answer))
            self.total = pages.total
            yield items
            following = self._next(answer, items, pages.rows, number)
            if following is None:
                pages.check_order()
                if self._total and pages.rows and pages.total is None:
                    raise FactsError(f"{self._shown}: gives no number of rows where `total` says; correct it")
                return
            url, parameters = following
        raise FactsError(f"{self._shown}: does not end after {paging.max_pages} pages; correct `paging`")

    def _parameters(self, place: object = None) -> dict[str, str]:
        """The parameters for the page at `place`, which is a number or a cursor."""
        paging = self.settings.paging
        size = {} if paging.style == "none" else {paging.size_parameter: str(paging.size)}
        return size if place is None else {**size, paging.parameter or paging.style: str(place)}

    def _next(
        self, answer: Page, items: list[Any], rows: int, number: int
    ) -> tuple[str, dict[str, str]] | None:
        """What to request after the page `number`; None when it was the last one."""
        paging, url = self.settings.paging, answer.next_url
        if paging.style == "link":
            if url is None or not items:  # some servers name a next page past the end
                return None
            url = urljoin(self._url, url)
            if not same_origin(url, self._url):
                raise FactsError(
                    f"{self._shown}: names a next page on another server, {shown_url(url)!r}; "
                    "it is not followed"
                )
            return url, {}
        place: object = None
        if paging.style == "cursor":
            place = self._found(self._cursor, answer)
        elif paging.style != "none" and items and rows != self.total:
            place = rows if paging.style == "offset" else paging.first_page + number
        return None if place in (None, "", False) else (self._url, self._parameters(place))

    def _found(self, look: Callable[[Any], Any], answer: Page) -> Any:
        try:
            return look(answer.body)
        except ValueError as error:
            raise FactsError(f"{self._shown}: {error}") from error

    def _listed(self, answer: Page) -> list[Any]:
        items = self._found(self._items, answer) if answer.body is not None else []
        if not isinstance(items, list):
            raise FactsError(f"{self._shown}: holds no list at {self.settings.items!r}; correct `items`")
        return items

    def _said_total(self, answer: Page) -> int | None:
        said = self._found(self._total, answer) if self._total else answer.headers.get("x-total-count")
        try:
            return None if said is None else int(said)
        except (TypeError, ValueError, OverflowError) as error:
            raise FactsError(
                f"{self._shown}: gives {said!r} as its number of rows; correct `total`"
            ) from error


def _compiled(expression: str, setting: str = "") -> Callable[[Any], Any]:
    """What looks an expression up; `ValueError` when it is none, or does not fit what it is looked up in."""
    try:
        search = jmespath.compile(expression).search
    except JMESPathError as error:
        why = str(error).splitlines()[0]
        raise ValueError(
            f"{setting}{expression!r} is not a JMESPath expression: {why}; correct it"
        ) from error

    def look(value: Any) -> Any:
        try:
            return search(value)
        except JMESPathError as error:  # its words hold the value
            raise ValueError(
                f"{setting}{expression!r} does not fit it; correct the expression, or what the server gives"
            ) from error

    return look
