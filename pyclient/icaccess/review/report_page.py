"""The page: one HTML file that asks no network for anything.

Its content security policy forbids every fetch and lets in one style and one script, by their digests; even
the script may not make markup out of text (Trusted Types). Data stands in a JSON block that is never parsed
as HTML, and Jinja escapes the rest.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from importlib.resources import files

import msgspec
from jinja2 import Environment, FileSystemBytecodeCache, FunctionLoader, StrictUndefined

from icaccess.files import make_folder
from icaccess.opa.program import cache_dir
from icaccess.review.campaign import STATES
from icaccess.review.forecast import KINDS
from icaccess.review.report_charts import campaign_by_week, expiries_by_month, losses_by_month
from icaccess.review.report_data import Report
from icaccess.review.report_findings import checks, count, count_reasons, removal_words

OUTCOMES = {"allow": "Allowed", "deny": "Denied", "expired": "Expired", "undecided": "Undecided"}
_ACTIONS = (
    ("grant", "To grant", "allowed, and not held"),
    ("update", "To update", "held for other locations"),
    ("revoke", "To revoke", "held, and not allowed"),
)
_CONTENTS = (
    ("glance", "At a glance"),
    ("people", "People"),
    ("denied", "Why not allowed"),
    ("elsewhere", "Approved elsewhere"),
    ("since", "Since the last report"),
    ("expiries", "Expiries by month"),
    ("campaign", "Recertification"),
    ("removals", "Removals, verified"),
    ("drift", "Drift"),
    ("population", "Population"),
    ("trace", "Clauses, traced"),
    ("settled", "How the page was read"),
    ("digests", "Digests"),
)


def render(report: Report, beside: Sequence[tuple[str, str]] = ()) -> bytes:
    """The page for a report; `beside` names the digests of the files that go with it."""
    css, js = _asset("page.css"), _asset("page.js")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        loader=FunctionLoader(_asset),
        bytecode_cache=_compiled(),
    )
    counts = count(report.people)
    page = environment.get_template("page.html.j2").render(
        report=report,
        css=css,
        js=js,
        csp=_csp(css, js),
        data=_json_block(report),
        contents=_CONTENTS,
        outcomes=OUTCOMES,
        actions=_ACTIONS,
        counts=counts,
        checks=checks(report, counts),
        reasons=count_reasons(report.people),
        expiries=expiries_by_month(report.expiries),
        losses=losses_by_month(report.outlook.months if report.outlook else ()),
        campaign_weeks=campaign_by_week(report.campaign),
        kinds=KINDS,
        states=STATES,
        merged=any(one.rows is not None for one in report.population.sources),
        digests=_digests(report, beside),
        policy_change=_policy_change(report),
        removal_words=removal_words(report.removals or ()),
        number="{:,}".format,
        day=_day,
        place=lambda one: f"{report.places[one]}, {one}" if one in report.places else one,
        instant=_instant,
        asks={one.clause: one.asks for one in report.clauses or ()},
        words=lambda code: code.capitalize().replace("_", " "),
    )
    return page.encode()


def _policy_change(report: Report) -> str:
    if report.since is None:
        return ""
    is_same = {
        "policy": report.since.policy_revision == report.evidence.policy_revision,
        "policy data": report.since.data_revision == report.evidence.data_revision,
        "facts": report.since.facts_digest == report.population.facts_digest,
    }
    parts = []
    for word, wanted in (("the same", True), ("other", False)):
        if names := [name for name, same in is_same.items() if same is wanted]:
            *others, last = names
            parts.append(f"{word} {', '.join(others)} and {last}" if others else f"{word} {last}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def _instant(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{moment.day} {moment:%B} {moment.year}, {moment:%H:%M} (UTC{text[-6:]})"


def _digests(report: Report, beside: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    evidence = report.evidence
    found = [
        ("Policy", evidence.policy_revision),
        ("Policy data", evidence.data_revision),
        ("Facts", report.population.facts_digest),
    ]
    if report.audit is not None:
        found.append((f"Audit record, entry {report.audit.entries:,}", report.audit.head))
    return [*found, *beside]


def _json_block(report: Report) -> str:
    texts: dict[str, int] = {}
    codes: dict[str, str | None] = {}
    rows = []
    for one in report.people:
        reasons = []
        for reason in one.reasons:
            codes[reason.code] = reason.clause
            reasons.append((reason.code, reason.message, texts.setdefault(reason.remedy, len(texts))))
        # Remedies stand in a list of their own, since few differ.
        rows.append(msgspec.to_builtins(one) | {"reasons": reasons})
    data = {
        "people": rows,
        "texts": list(texts),
        "places": report.places,
        "codes": codes,
        "history": report.removals is not None,
        "since": report.since.changes if report.since else (),
        "drift": report.drift or (),
        "removals": report.removals or (),
    }
    # In JSON these stand in strings alone, so the escapes mean the same; in HTML they could end the block.
    encoded = msgspec.json.encode(data)
    for plain, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        encoded = encoded.replace(plain, escaped)
    return encoded.decode()


def _csp(css: str, js: str) -> str:
    return (
        f"default-src 'none'; style-src 'sha256-{_sha256(css)}'; script-src 'sha256-{_sha256(js)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _compiled() -> FileSystemBytecodeCache | None:
    """Where Jinja keeps the template compiled, which takes long; None where nothing can be kept."""
    folder = cache_dir() / "report"
    with suppress(OSError):
        make_folder(folder)
    return FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def _asset(name: str) -> str:
    return files("icaccess.review").joinpath("report_assets", name).read_text(encoding="utf-8")
