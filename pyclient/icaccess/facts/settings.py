"""The `sources` and `facts` sections of `icaccess.yaml`: what there is to read, and what columns mean."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from icaccess.config import SecretUrl, Section, Share
from icaccess.config.auth import Auth
from icaccess.models import Text

Kind = Literal["people", "employment", "assignments", "certifications", "approvals", "access", "locations"]
"""What a source gives, one kind each; `locations` feeds the list of places and not the records."""
KeyKind = Literal["id", "email", "username"]
"""How a source names people."""
Ends = Literal["last_day", "day_after", "next_row"]
"""What the end of a row is: its last day, the day after that, or the row of the same person that follows."""
Texts = Annotated[tuple[str, ...], Meta(min_length=1)]


class Expect(Section, frozen=True, kw_only=True):
    """What a source must be like to be believed; one that is not stops the run before any decision."""

    min_rows: Annotated[int, Meta(ge=0)] = 1
    max_age_hours: Annotated[float, Meta(gt=0)] | None = None
    columns: tuple[Text, ...] = ()
    max_rejected: Share = 0.1
    """The share of rows that may be unusable."""
    max_unmatched: Share = 0.1
    """The share of rows that may name nobody whom HR knows, as when HR's e-mail column came empty."""
    max_shrink: Share = 0.05
    """The share of rows, or people, that may be missing since the last good run; two may always be."""
    max_growth: Annotated[float, Meta(gt=0)] | None = None
    """The share of rows, or people, that may be new since the last good run; two may always be."""
    known_names: bool = True
    """Whether some certification, role or location must be one that policy data names."""


class SourceSettings(Section, frozen=True, kw_only=True, tag_field="type"):
    """The base of all sources: name in reports, whether a run may do without it, what makes it credible."""

    name: Text
    optional: bool = False
    expect: Expect = Expect()
    approver_key: KeyKind = "id"
    """How its approvals name their approver."""
    vouches_for_roles: bool = False
    """Whether the source may say which role an approver had."""


class MappedSettings(SourceSettings, frozen=True, kw_only=True):
    """A source whose columns, or JSON fields by JMESPath, are mapped to the fields of one kind of fact."""

    gives: Kind
    key: Annotated[dict[KeyKind, Text], Meta(min_length=1, max_length=1)]
    fields: dict[Text, Text] = msgspec.field(default_factory=dict)
    constants: dict[Text, Text] = msgspec.field(default_factory=dict)
    values: dict[Text, dict[str, str]] = msgspec.field(default_factory=dict)
    """What texts of a field mean; `/PATTERN/` stands for each text that the regular expression matches."""
    nulls: tuple[str, ...] = ()
    where: dict[Text, Texts] = msgspec.field(default_factory=dict)
    """The rows that count: each column named here has one of its texts."""
    skip_rows: Annotated[int, Meta(ge=0)] = 0
    """How many lines stand above the header, or rows before the first that counts."""
    date_format: Text | None = None
    zone: Text | None = None
    midnight_utc: Literal["day", "time"] | None = None
    """What a time of midnight UTC is, where a column holds other times as well."""
    ends: Ends | None = None
    ended: dict[Text, Texts] = msgspec.field(default_factory=dict)
    """With `ends: next_row`, the columns and texts of a row that says that the job, or employment, ended."""
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
    """How an API divides its answer; the names of its query parameters where they differ."""

    style: Literal["none", "offset", "page", "cursor", "link"] = "none"
    size: Annotated[int, Meta(ge=1)] = 500
    size_parameter: Text = "limit"
    parameter: Text | None = None
    first_page: int = 1
    next_cursor: Text | None = None
    """JMESPath of the next cursor in an answer."""
    max_pages: Annotated[int, Meta(ge=1)] = 10_000


class HttpSettings(MappedSettings, frozen=True, kw_only=True, tag="http"):
    """A JSON API."""

    url: SecretUrl
    items: Text = "@"
    """JMESPath of the list of rows in an answer."""
    auth: Auth | None = None
    paging: Paging = Paging()
    total: Text | None = None
    """JMESPath of the number of rows in an answer, where `X-Total-Count` does not say it."""
    cache: Text | None = None
    """A folder where answers are kept, so that unchanged ones are not sent again; it holds personal data."""
    proxy: SecretUrl | None = None
    """The proxy that requests go through; none is taken from the environment."""
    ca_file: Text | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] = 30


class OneRosterSettings(MappedSettings, frozen=True, kw_only=True, tag="oneroster"):
    """A OneRoster 1.1 or 1.2 service (`url`, up to and with `…/v1p1` or `…/v1p2`) or CSV bundle (`path`)."""

    key: Annotated[dict[KeyKind, Text], Meta(min_length=1, max_length=1)] = msgspec.field(
        default_factory=lambda: {"id": "identifier"}
    )
    url: SecretUrl | None = None
    path: Text | None = None
    auth: Auth | None = None
    without: tuple[Text, ...] = ()
    """The fields that OneRoster gives by default and that are not taken from it, such as `email`."""
    page_size: Annotated[int, Meta(ge=1)] = 500
    proxy: SecretUrl | None = None
    ca_file: Text | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] = 30


class Complete(Expect, frozen=True, kw_only=True):
    """What facts in the project's own shape must be like; each invalid record is reported by itself."""

    max_rejected: Annotated[float, Meta(ge=0, le=1)] = 1


class YamlSettings(SourceSettings, frozen=True, kw_only=True, tag="yaml"):
    """Facts in the project's own shape: whole records, or approvals in a repository, one in each file."""

    path: Text
    gives: Literal["records", "approvals"] = "records"
    expect: Complete = Complete()


Sources = tuple[CsvSettings | HttpSettings | OneRosterSettings | YamlSettings, ...]


class Normalise(Section, frozen=True, kw_only=True):
    """What else is done to a key before it is compared, beside what is done to every key."""

    drop_domain: bool = False
    zero_pad: Annotated[int, Meta(ge=0, le=40)] = 0
    trim: bool = True
    lower: bool | None = None
    """Whether case counts; by default it does for ids alone."""


class Alias(Section, frozen=True, kw_only=True):
    """One old name of a thing; where days are given, only for facts dated from … through, both included."""

    old: Text
    new: Text
    from_: date | None = msgspec.field(name="from", default=None)
    through: date | None = None


class Aliases(Section, frozen=True, kw_only=True):
    """Renamed titles, places and certifications, so that a re-coding is not a change of job (ES-9)."""

    roles: tuple[Alias, ...] = ()
    locations: tuple[Alias, ...] = ()
    certifications: tuple[Alias, ...] = ()


class FactsSettings(Section, frozen=True, kw_only=True):
    """How feeds are joined into records."""

    keys: dict[KeyKind, Normalise] = msgspec.field(default_factory=dict)
    aliases: Aliases = Aliases()
