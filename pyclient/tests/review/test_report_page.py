"""The page as text: its own policy of what may run, data that cannot end its block, and honest summaries."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import msgspec
import pytest

from icaccess.review.report_charts import expiries_by_month
from icaccess.review.report_clauses import RulePlace, Traced
from icaccess.review.report_data import Audit, Month, Outlook, Removal, UnderWay
from icaccess.review.report_findings import checks, count, count_reasons, removal_words
from icaccess.review.report_page import render
from tests.review.reports import DAY, HOSTILE, drawn, hostile, sample

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def report(client, tmp_path_factory):
    return drawn([*sample(5, 150), *hostile()], client, tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def page(report):
    return render(report).decode()


def removal(days: int | None, state: str = "verified") -> Removal:
    return Removal(
        id="1", run=1, reasons=(), asked_on=DAY, state=state, settled_on=DAY, departed_on=None, days=days
    )


def block(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_only_two_inline_pieces_run_and_nothing_is_fetched(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1].replace(
        "&#39;", "'"
    )
    css = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    js = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(js) == 1
    digests = [base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode() for piece in (css, js[0])]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert not re.search(r'\s(style|on\w+)="', page)
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    assert "innerHTML" not in js[0]


def test_the_data_is_all_there_and_never_ends_its_block(report, page):
    people = block(page)["people"]
    assert [one["id"] for one in people] == [one.id for one in report.people]
    assert {one["id"]: one["name"] for one in people if one["id"].startswith("h-")} == {
        f"h-{kind}": name for kind, name in HOSTILE.items()
    }
    raw = re.search(r'id="data">(.*?)</script>', page, re.S)[1]
    assert not set("<>&") & set(raw)


def test_remedies_are_written_once(report, page):
    data = block(page)
    assert len(data["texts"]) == len(set(data["texts"])) < 60
    for shown, person in zip(data["people"], report.people, strict=True):
        told = [(code, message, data["texts"][remedy]) for code, message, remedy in shown.get("reasons", [])]
        assert told == [(reason.code, reason.message, reason.remedy) for reason in person.reasons]


def test_what_comes_from_facts_outside_the_block_is_escaped(report):
    evil = '<script>window.harmed = true</script>"&'
    page = render(
        replace(
            report,
            evidence=replace(report.evidence, target=evil),
            absent={"drift": evil, "removals": evil, "audit": evil},
            trace=(
                Traced(
                    clause=evil,
                    rules=(RulePlace(title=evil, place=evil),),
                    reasons=(evil,),
                    tests=(evil,),
                    gap=evil,
                ),
            ),
            outlook=Outlook(
                through=DAY,
                allowed_now=1,
                allowed_then=1,
                months=(),
                by_role={evil: 1},
                by_location={evil: 1},
            ),
        )
    ).decode()
    assert "<script>window" not in page
    assert page.count("&lt;script&gt;window.harmed") == 15


def test_a_missing_part_says_why_and_is_never_fine(report):
    page = render(report).decode()
    for part in ("removals", "audit"):
        assert report.absent[part] in page
    assert page.count("Not seen</span>") == 4
    broken = render(
        replace(report, audit=Audit(entries=3, head="0" * 64, problem="audit entry 2: is missing"))
    )
    assert b"Broken</span>" in broken
    whole = render(replace(report, audit=Audit(entries=3, head="0" * 64)))
    assert b"Broken" not in whole
    assert b"The chain of all 3 entries of the audit record is unbroken." in whole


def test_a_clause_without_a_test_is_named(report):
    bare = Traced(
        clause="ES-9",
        rules=(RulePlace(title="a", place="access.rego:1"),),
        reasons=(),
        tests=(),
        gap="no test or case shows it",
    )
    page = render(replace(report, trace=(bare,))).decode()
    assert "no test or case shows it" in page
    assert "1 clauses are traced; not covered: ES-9." in page


def test_reasons_stand_in_the_order_of_the_clauses(report):
    counted = count_reasons(report.people)
    numbers = [int(one.clause[3:]) if one.clause else 99 for one in counted]
    assert numbers == sorted(numbers)
    assert max(one.share for one in counted) == 100.0


def test_removals_in_words():
    assert removal_words([removal(None), removal(None, "failed")]) == (
        "1 of 2 removals were seen to be carried out by reading the target back."
    )
    assert "3 departures it took 2 days in the median and 9 at most" in removal_words(
        [removal(1), removal(2), removal(9)]
    )


def test_a_removal_that_failed_and_was_made_since_is_fine(report):
    def said(*removals):
        found = checks(replace(report, removals=removals), count(report.people))
        return next((one.verdict, one.text) for one in found if one.section == "removals")

    failed, made = removal(None, "failed"), removal(None)
    assert said(made, failed) == (
        "Fine",
        "2 removals are on record; 0 people were not seen to lose access.",
    )
    assert said(failed, made)[0] == "Look"
    assert said() == ("Fine", "0 removals are on record; 0 people were not seen to lose access.")


def test_what_waits_at_the_target_is_said(report):
    def said(**under_way):
        found = checks(replace(report, under_way=UnderWay(**under_way)), count(report.people))
        return [(one.verdict, one.text) for one in found if "pending" in one.text]

    assert said() == []
    since = "2026-11-28T09:27:54-07:00"
    waits = f" A work list has waited for a newer export since {since}."
    assert said(pending=3, export_due_since=since) == [
        ("Fine", f"3 changes are pending at the target, 0 of them overdue.{waits}")
    ]
    assert said(pending=3, overdue=1) == [("Look", "3 changes are pending at the target, 1 of them overdue.")]


def test_the_chart_is_true_to_scale():
    chart = expiries_by_month(
        [Month(month="2026-06", recertify=30, valid=10), Month(month="2026-07", valid=20)]
    )
    first, second = chart.bars
    assert [part.series for part in first.parts] == [0, 1]
    assert sum(part.height for part in first.parts) == pytest.approx(2 * second.parts[0].height)
    assert first.parts[1].height == pytest.approx(3 * first.parts[0].height)
    assert (first.total, first.label, first.year) == ("40", "Jun", "2026")
    assert [label for _, label in chart.ticks] == ["0", "10", "20", "30", "40"]
    assert chart.words.startswith("60 in all, from 2026-06 to 2026-07; most in 2026-06, 40.")
    assert expiries_by_month([]) is None


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 8, 9, 12, 13, 33, 41, 19_999, 1_000_000])
def test_the_chart_scale_holds_its_longest_column(most):
    chart = expiries_by_month([Month(month="2026-06", valid=most)])
    assert 0 < chart.bars[0].parts[0].height <= 190
    assert int(chart.ticks[-1][1].replace(",", "")) >= most
