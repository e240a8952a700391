"""The geometry of the report's charts: columns over time as inline SVG, and the same in words and figures."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from icaccess.review.campaign import Campaign
from icaccess.review.report_data import Coming, Month

_WIDTH, _LEFT, _TOP, _PLOT = 960, 44, 22, 190
_FLOOR = _TOP + _PLOT
_LONGEST = 36


class Piece(NamedTuple):
    """One coloured part of a column; `series` also chooses its pattern, so that colour is never alone."""

    y: float
    height: float
    series: int


class Column(NamedTuple):
    """One month or week: its parts from the floor up, its label, and the year where a year begins."""

    x: float
    middle: float
    top: float
    parts: list[Piece]
    total: str
    label: str
    year: str


class ChartRow(NamedTuple):
    """One month (`YYYY-MM`) or the week that begins on a day, in figures."""

    when: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All counts together."""
        return sum(self.counts)


class Chart(NamedTuple):
    """A chart ready to be drawn, all in units of its view box."""

    id: str
    title: str
    unit: str
    words: str
    series: tuple[str, ...]
    bar_width: float
    ticks: list[tuple[float, str]]
    bars: list[Column]
    rows: list[ChartRow]
    width: int = _WIDTH
    height: int = _FLOOR + 40
    left: int = _LEFT
    floor: int = _FLOOR


def expiries_by_month(months: Sequence[Month]) -> Chart | None:
    """The chart of certifications that end, month by month; None when none does."""
    return _chart(
        "expiries-chart",
        "People whose certification ends, by month",
        ("Recertification not open yet", "Recertification open now"),
        [ChartRow(one.month, (one.valid, one.recertify)) for one in months],
    )


def losses_by_month(months: Sequence[Coming]) -> Chart | None:
    """The chart of people who lose access, by month; None when nobody does."""
    rows = [ChartRow(one.month, (one.lost, one.removed)) for one in months if one.lost or one.removed]
    series = ("For another reason", "At the end of the cycle")
    return _chart("losses-chart", "People who lose access, by month", series, rows)


def campaign_by_week(found: Campaign | None) -> Chart | None:
    """The chart of a recertification, week by week; None before it opens."""
    if found is None or not found.weeks:
        return None
    last = found.weeks[-1]
    return _chart(
        "campaign-chart",
        f"Recertified by the end of each week, of {last.done + last.left:,} people",
        ("Have recertified", "Have to recertify"),
        [ChartRow(str(one.begins), (one.done, one.left)) for one in found.weeks],
        unit="Week that begins on",
        words=f"{last.done:,} of {last.done + last.left:,} have recertified since {found.opens}.",
    )


def _chart(
    name: str,
    title: str,
    series: tuple[str, ...],
    rows: list[ChartRow],
    *,
    unit: str = "Month",
    words: str = "",
) -> Chart | None:
    if not rows:
        return None
    told = [row for row in rows if row.total]
    shown = rows if len(rows) <= _LONGEST else told
    peak = max(rows, key=lambda row: row.total)
    top = _round_up(peak.total)
    step = (_WIDTH - _LEFT) / max(len(shown), 6)
    width = min(step * 0.72, 46)
    bars = []
    for at, row in enumerate(shown):
        x = _LEFT + at * step + (step - width) / 2
        year, month, *days = row.when.split("-")
        y = float(_FLOOR)
        parts = []
        for part, people in enumerate(row.counts):
            height = people / top * _PLOT
            y -= height
            if people:
                parts.append(Piece(round(y, 1), round(height, 1), part))
        total = f"{row.total:,}" if row.total else ""
        label = " ".join([month_abbr[int(month)], *(str(int(one)) for one in days)])
        begins = at == 0 or shown[at - 1].when[:4] != year
        middle = round(x + width / 2, 1)
        bars.append(Column(round(x, 1), middle, round(y, 1), parts, total, label, year if begins else ""))
    return Chart(
        id=name,
        title=title,
        unit=unit,
        words=words
        or f"{sum(row.total for row in rows):,} in all, from {rows[0].when} to {rows[-1].when}; "
        f"most in {peak.when}, {peak.total:,}. The table after this chart has every figure.",
        series=series,
        bar_width=round(width, 1),
        ticks=[(round(_FLOOR - part * _PLOT / 4, 1), f"{top * part // 4:,}") for part in range(5)],
        bars=bars,
        rows=told,
    )


def _round_up(value: int) -> int:
    """The next number with one or two leading digits that four parts divide well."""
    steps = (lead * 10**power for power in count() for lead in (4, 8, 12, 20, 32))
    found: int = next(step for step in steps if step >= value)
    return found
