"""One picture of the benchmark: decisions a second, as bars, without any library."""

from __future__ import annotations

from html import escape
from typing import Any

WIDTH, LABEL, BAR, GAP = 860, 330, 18, 8


def svg(sections: dict[str, list[dict[str, Any]]]) -> str:
    """Bars for everything that was measured in decisions a second, on one scale."""
    bars = [
        (
            str(row.get("what") or f"{row.get('sidecars of one core')} sidecars of one core"),
            row["decisions/s"],
        )
        for name in ("throughput", "sidecars", "ceiling")
        for row in sections.get(name, [])
    ]
    most = max((value for _, value in bars), default=1.0)
    parts = []
    for number, (label, value) in enumerate(bars):
        y = 40 + number * (BAR + GAP)
        length = max(1.0, (WIDTH - LABEL - 90) * value / most)
        parts.append(
            f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" fill="#31688e"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 13}">{value:,.0f}</text>'
        )
    height = 50 + len(bars) * (BAR + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        '<text x="10" y="22" font-size="15">Decisions a second</text>' + "".join(parts) + "</svg>\n"
    )
