"""JSON APIs, whichever way they divide their answers into pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from icaccess.config import Config
from icaccess.errors import FactsError
from icaccess.facts.interface import MappedSource
from icaccess.facts.settings import HttpSettings
from icaccess.facts.sources.json_api import JsonApi, Page, as_of, page_digest
from icaccess.http import same_origin, shown

_ROOT = re.compile(r"[A-Za-z_]\w*(?=$|[.\[ |])")


class JsonFields:
    """JMESPath expressions, and whether any row has the fields that they start at."""

    def __init__(self, required: Iterable[str] = ()) -> None:
        self._roots = set(required)

    def look(self, expression: str, *, required: bool = True) -> Callable[[Any], Any]:
        """The expression, ready to be searched for in a row; `ValueError` when it is none.

        Where it is `required`, some row must have the field that it starts at.
        """
        try:
            compiled = jmespath.compile(expression)
        except JMESPathError as error:
            raise ValueError(
                f"{expression!r} is no JMESPath expression: {str(error).splitlines()[0]}"
            ) from error
        if required and (root := _ROOT.match(expression)) is not None:
            self._roots.add(root[0])
        return compiled.search

    def seen(self, row: Mapping[str, Any]) -> None:
        """Take note of a row's fields."""
        if self._roots:
            self._roots.difference_update(row)

    def check(self) -> None:
        """`FactsError` when a field was in no row at all."""
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
        self._shown = shown(self._url)
        self._items = _expression("items", settings.items)
        self._total = _expression("total", settings.total) if settings.total else None
        if settings.paging.style == "cursor" and not settings.paging.next_cursor:
            raise ValueError(
                "paging.next_cursor: is required with the style cursor: where an answer names the next cursor"
            )
        self._cursor = _expression("paging.next_cursor", settings.paging.next_cursor or "@")

    def column(self, name: str) -> Callable[[Any], Any]:
        """A field by its JMESPath expression."""
        return self._fields.look(name)

    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row with its number; `FactsError` when the pages do not make one whole."""
        number, settings = 0, self.settings
        with JsonApi(self._config, settings) as api:
            for items in self._pages(api):
                for item in items:
                    number += 1
                    if isinstance(item, dict):
                        self._fields.seen(item)
                        yield number, item
                    else:
                        yield number, "is no JSON object"
        if number:
            self._fields.check()

    def _pages(self, api: JsonApi) -> Iterator[list[Any]]:
        paging, rows = self.settings.paging, 0
        seen: set[bytes] = set()
        url, parameters = self._first()
        for page in range(paging.max_pages):
            answer = api.get(url, parameters)
            items = self._listed(answer)
            self._believe_total(answer)
            if items and (digest := page_digest(items)) in seen:
                raise FactsError(
                    f"{self._shown}: page {page + 1} repeats an earlier one; correct `paging`, or try again"
                )
            seen |= {digest} if items else set()
            rows += len(items)
            if self.total is not None and rows > self.total:
                raise FactsError(
                    f"{self._shown}: gave {rows} rows and more, but says that it holds {self.total}"
                )
            yield items
            following = self._next(answer, items, rows, page)
            if following is None:
                return
            url, parameters = following
        raise FactsError(
            f"{self._shown}: has not come to an end after {paging.max_pages} pages; correct `paging`"
        )

    def _first(self) -> tuple[str, dict[str, str]]:
        paging = self.settings.paging
        parameters = {} if paging.style == "none" else {paging.size_parameter: str(paging.size)}
        if paging.style == "offset":
            parameters[paging.parameter or "offset"] = "0"
        if paging.style == "page":
            parameters[paging.parameter or "page"] = str(paging.first_page)
        return self._url, parameters

    def _next(
        self, answer: Page, items: list[Any], rows: int, page: int
    ) -> tuple[str, dict[str, str]] | None:
        """What to ask for next; None when this was the last page."""
        paging, url = self.settings.paging, self._url
        parameters = {paging.size_parameter: str(paging.size)}
        if paging.style == "none":
            return None
        if paging.style == "link":
            if answer.next_url is None or not items:  # some servers name a next page past the end
                return None
            if not same_origin(answer.next_url, url):
                raise FactsError(
                    f"{self._shown}: names a next page on another server, "
                    f"{shown(answer.next_url)}; it is not followed"
                )
            return answer.next_url, {}
        if paging.style == "cursor":
            cursor = self._cursor.search(answer.body)
            return (
                None
                if cursor in (None, "", False)
                else (url, {**parameters, paging.parameter or "cursor": str(cursor)})
            )
        if not items or rows == self.total:
            return None
        if paging.style == "offset":
            return url, {**parameters, paging.parameter or "offset": str(rows)}
        return url, {**parameters, paging.parameter or "page": str(paging.first_page + page + 1)}

    def _listed(self, answer: Page) -> list[Any]:
        items = self._items.search(answer.body) if answer.body is not None else []
        if not isinstance(items, list):
            raise FactsError(f"{self._shown}: holds no list at {self.settings.items!r}; correct `items`")
        return items

    def _believe_total(self, answer: Page) -> None:
        self.as_of = self.as_of or as_of(answer.headers)
        said = self._total.search(answer.body) if self._total else answer.headers.get("x-total-count")
        if said is None:
            return
        try:
            total = int(said)
        except (TypeError, ValueError) as error:
            raise FactsError(f"{self._shown}: gives {said!r} as its number of rows") from error
        if self.total not in (None, total):
            raise FactsError(
                f"{self._shown}: changed from {self.total} rows to {total} while read; try again"
            )
        self.total = total


def _expression(name: str, written: str) -> Any:
    try:
        return jmespath.compile(written)
    except JMESPathError as error:
        raise ValueError(f"{name}: {written!r} is no JMESPath expression") from error
