"""The `sources` and `facts` sections of `icaccess.yaml`: what to read, and what columns mean."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from icaccess.config import SecretUrl, Section, Share
from icaccess.config.auth import Auth
from icaccess.models import Text

Kind = Literal["people", "employment", "assignments", "certifications", "approvals", "access", "locations"]
"""What a source gives, one kind each; `locations` feeds the list of locations, not the records."""
KeyKind = Literal["id", "email", "username"]
"""How a source names people."""
Ends = Literal["last_day", "day_after", "next_row"]
"""What ends a row: its last day, the day after that, or the same person's next row."""
Texts = Annotated[tuple[str, ...], Meta(min_length=1)]


class Expect(Section, frozen=True, kw_only=True):
    """What makes a source credible; one that is not stops the run before any decision."""

    min_rows: Annotated[int, Meta(ge=0)] = 1
    max_age_hours: Annotated[float, Meta(gt=0)] | None = None
    columns: tuple[Text, ...] = ()
    max_rejected: Share = 0.1
    """The share of rows that may be unusable."""
    max_unmatched: Share = 0.1
    """The share of rows that may name nobody known to HR, as when HR's e-mail column came empty."""
    max_shrink: Share = 0.05
    """The share of rows, or people, that may be missing since the last good run; two may always be."""
    max_growth: Annotated[float, Meta(gt=0)] | None = None
    """The share of rows, or people, that may be new since the last good run; two may always be."""
    known_names: bool = True
    """Whether at least one certification, role or location must be in policy data."""


class SourceSettings(Section, frozen=True, kw_only=True, tag_field="type"):
    """The base of all sources: name in reports, whether a run may do without it, what makes it credible."""

    name: Text
    optional: bool = False
    expect: Expect = Expect()
    approver_key: KeyKind = "id"
    """How its approvals name the approver."""
    vouches_for_roles: bool = False
    """Whether the source may say which role an approver had."""


class MappedSettings(SourceSettings, frozen=True, kw_only=True):
    """A source whose columns, or JSON fields by JMESPath, map to the fields of one kind of fact."""

    gives: Kind
    key: Annotated[dict[KeyKind, Text], Meta(min_length=1, max_length=1)]
    fields: dict[Text, Text] = msgspec.field(default_factory=dict)
    constants: dict[Text, Text] = msgspec.field(default_factory=dict)
    values: dict[Text, dict[str, str]] = msgspec.field(default_factory=dict)
    """What texts of a field mean; `/PATTERN/` covers each text that the regular expression matches."""
    nulls: tuple[str, ...] = ()
    where: dict[Text, Texts] = msgspec.field(default_factory=dict)
    """The rows that count: each column named here has one of its texts."""
    skip_rows: Annotated[int, Meta(ge=0)] = 0
    """How many lines come before the header, or rows before the first that counts."""
    date_format: Text | None = None
    zone: Text | None = None
    midnight_utc: Literal["day", "time"] | None = None
    """What midnight UTC means in a column that also holds other times."""
    ends: Ends | None = None
    ended: dict[Text, Texts] = msgspec.field(default_factory=dict)
    """With `ends: next_row`, the columns and texts of a row that says that the job, or employment, ended."""
    series: Text | None = None
    """With `ends: next_row`, the column that tells a person's jobs apart: a row ends only one of its job."""
    list_separator: Text = ";"


class CsvSettings(MappedSettings, frozen=True, kw_only=True, tag="csv"):
    """A delimited file, as exports and spreadsheets write them."""

    path: Text
    encoding: Text | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    trailer: Text | None = None
    """What the first cell of the last row holds when its second cell declares the number of rows."""
    manifest: Text | None = None
    """A JSON file `{"employees.csv": {"rows": 3, "sha256": "…"}}` that declares rows, digest or both."""


class Paging(Section, frozen=True, kw_only=True):
    """How an API splits its answer into pages; the names of its query parameters if they differ."""

    style: Literal["none", "offset", "page", "cursor", "link"] = "none"
    size: Annotated[int, Meta(ge=1)] = 500
    size_parameter: Text = "limit"
    parameter: Text | None = None
    first_page: int = 1
    next_cursor: Text | None = None
    """JMESPath of the next cursor in an answer."""
    max_pages: Annotated[int, Meta(ge=1)] = 10_000


class ApiSettings(MappedSettings, frozen=True, kw_only=True):
    """A source that a server gives: how to log in, and how to reach it."""

    auth: Auth | None = None
    proxy: SecretUrl | None = None
    """The proxy for requests; the environment's proxy is not used."""
    ca_file: Text | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] = 30


class HttpSettings(ApiSettings, frozen=True, kw_only=True, tag="http"):
    """A JSON API."""

    url: SecretUrl
    items: Text = "@"
    """JMESPath of the list of rows in an answer."""
    paging: Paging = Paging()
    total: Text | None = None
    """JMESPath of the number of rows in an answer without `X-Total-Count`."""
    cache: Text | None = None
    """A folder that caches answers, so that servers need not send them again; it holds personal data."""


class OneRosterSettings(ApiSettings, frozen=True, kw_only=True, tag="oneroster"):
    """A OneRoster 1.1 or 1.2 service (`url`, through `…/v1p1` or `…/v1p2`) or CSV bundle (`path`)."""

    key: Annotated[dict[KeyKind, Text], Meta(min_length=1, max_length=1)] = msgspec.field(
        default_factory=lambda: {"id": "identifier"}
    )
    url: SecretUrl | None = None
    path: Text | None = None
    without: tuple[Text, ...] = ()
    """The default fields that are not taken from OneRoster, such as `email`."""
    page_size: Annotated[int, Meta(ge=1)] = 500


class Complete(Expect, frozen=True, kw_only=True):
    """What makes facts in the project's own shape credible; each invalid record is reported by itself."""

    max_rejected: Annotated[float, Meta(ge=0, le=1)] = 1


class YamlSettings(SourceSettings, frozen=True, kw_only=True, tag="yaml"):
    """Facts in the project's own shape: whole records, or approvals in a repository, one in each file."""

    path: Text
    gives: Literal["records", "approvals"] = "records"
    expect: Complete = Complete()


Sources = tuple[CsvSettings | HttpSettings | OneRosterSettings | YamlSettings, ...]


class Normalise(Section, frozen=True, kw_only=True):
    """The changes to a key before comparison, besides those to every key."""

    drop_domain: bool = False
    zero_pad: Annotated[int, Meta(ge=0, le=40)] = 0
    trim: bool = True
    lower: bool | None = None
    """Whether case counts; by default only for ids."""


class Alias(Section, frozen=True, kw_only=True):
    """One old name of a thing; if days are given, only for facts dated from … through, both included."""

    old: Text
    new: Text
    from_: date | None = msgspec.field(name="from", default=None)
    through: date | None = None


class Aliases(Section, frozen=True, kw_only=True):
    """Renamed titles, places and certifications, so that a new code is not a change of job (ES-9)."""

    roles: tuple[Alias, ...] = ()
    locations: tuple[Alias, ...] = ()
    certifications: tuple[Alias, ...] = ()


class FactsSettings(Section, frozen=True, kw_only=True):
    """How feeds are joined into records."""

    keys: dict[KeyKind, Normalise] = msgspec.field(default_factory=dict)
    aliases: Aliases = Aliases()
