"""Listings of SCIM servers that depart from the standard: proved, or refused with nothing changed."""

from __future__ import annotations

from itertools import count

import pytest

from icaccess.errors import TargetError
from icaccess.models import Access
from tests.scripted import ScriptedClient, adopt, do, kinds, people, run_on, states
from tests.serving import in_thread
from tests.targets.odd_scim import OddServer
from tests.targets.test_scim import grant, revoke, target

GROUP = "IC Elementary Scheduling"


@pytest.fixture
def odd():
    with in_thread(OddServer()) as server:
        server.group("Superintendents Cabinet", ["u1"])
        server.group(GROUP, [f"u{n}" for n in range(80, 90)])
        yield server


def listing(odd, expected=None, **more):
    scim = target(odd.url, match="id", **more)
    try:
        return scim.listing(expected or {})
    finally:
        scim.close()


def changed(odd):
    return [one for one in odd.asked if one.startswith(("add", "remove"))]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("first page again", r"/Users: gave .u0. twice, the second time after 50 in all; a part is never"),
        ("first page again, with the echo", r"/Users: gave .u0. twice, the second time after 50 in all"),
        (
            "first page again, of its total",
            r"/Users: gave 'u0' at startIndex 50, where 'u49' was; a part is",
        ),
        (
            "another startIndex",
            r"/Groups: asked for startIndex 1, it gave '2'; a part is never believed, so try",
        ),
        ("pages overlap", r"/Users: gave .u49. twice, the second time after 50 in all; a part is never"),
        ("a page is empty", r"/Users: listed 50 of 120; a part is never believed, so try again"),
        ("cursors without end", r"/Groups: gave the cursor 'c120' twice; a part is never believed, so try"),
        ("no total", r"/Groups: does not answer with a SCIM list; correct the URL"),
        ("total is null", r"/Groups: does not answer with a SCIM list; correct the URL"),
        ("total is many", r"/Groups: does not answer with a SCIM list; correct the URL"),
        ("total is infinite", r"/Groups: does not answer with a SCIM list; correct the URL"),
        ("without ids", r"/Groups: gives a resource without an id that is text: .*'username': 'x'"),
        ("JSON without end", r"/Groups: does not answer as a SCIM server does \(application/scim\+json\)"),
        (
            "web page",
            r"/Groups: does not answer as a SCIM server does \(text/html\); correct target.scim.url",
        ),
        ("another resource", r"/Groups: does not answer with a SCIM list; correct the URL"),
        ("a list of JSON", r"/Groups: does not answer as a SCIM server does \(application/scim\+json\)"),
        ("401 in the middle", r"/Users: refuses these credentials: 'token expired' \(HTTP 401\); renew or"),
        (
            "another group's answer",
            r"group IC Elementary Scheduling \('g1'\), it answers with 'Superintendents",
        ),
        ("no group's name", r"asked for the group IC Elementary Scheduling \('g1'\), it answers with None"),
    ],
    ids=count(),
)
def test_refused(odd, sqlite_store, way, said):
    odd.way = way
    scim = target(odd.url, match="id")
    with pytest.raises(TargetError, match=said) as caught:
        do(sqlite_store, scim, ScriptedClient({"1": ()}), people("1"))
    assert "\n" not in str(caught.value)
    assert (changed(odd), states(sqlite_store)) == ([], [])
    scim.close()


@pytest.mark.parametrize(
    "way",
    [
        "", "total of the page", "total is text", "startIndex is null", "filter ignored", "no filters",
        "cursors", "begins again past the end", "204 past the end", "400 past the end", "404 past the end",
        "members by reference",
    ],
)  # fmt: skip
def test_read_to_the_end(odd, way):
    odd.way = way
    found = listing(odd)
    assert sorted(found.held) == [f"{n}" for n in range(80, 90)]
    assert found.unnamed == ()


def test_a_filter_that_is_ignored(odd, sqlite_store):
    odd.way = "filter ignored"
    del odd.groups["g1"]
    scim = target(odd.url, match="id")
    with pytest.raises(TargetError, match=f"has no groups with the displayName {GROUP}; exactly one"):
        do(sqlite_store, scim, ScriptedClient({"1": ()}), people("1"))
    assert changed(odd) == []
    scim.close()


def test_members_suddenly_not_shown(odd, sqlite_store):
    numbers = [f"{n}" for n in range(80, 90)]
    client = ScriptedClient(dict.fromkeys(numbers, ()))
    scim = target(odd.url, match="id")
    do(sqlite_store, scim, client, people(*numbers))
    for way in ("members not shown", "few members shown"):
        odd.way = way
        with pytest.raises(
            TargetError, match=r"had 10 members in the last run, and (10|8) of them are not shown"
        ):
            do(sqlite_store, scim, ScriptedClient({}), people(*numbers))
    scim.max_shrink = 1.0
    fresh, _ = do(sqlite_store, scim, client, people(*numbers))
    assert {one.kind for one in fresh.drift} == {"taken"}
    scim.close()


def test_a_user_whose_account_is_not_text_stops_nobody_else(odd):
    odd.users[0]["externalId"] = 12
    odd.users[81]["externalId"] = ["81"]
    odd.users[82] |= {"emails": [{"value": "x@school.local"}], "urn:district:custom": {"lunch": 3}}
    odd.users[83]["x509Certificates"] = [{"value": "no certificate"}]
    found = listing(odd)
    assert sorted(found.held) == [f"{n}" for n in range(80, 90) if n != 81]
    [unnamed] = found.unnamed
    assert (unnamed.member, unnamed.why) == ("u81", "its externalId is ['81'], which is not text")


@pytest.mark.parametrize(
    ("emails", "account"),
    [
        ([{"value": "A@x.org"}, {"value": "b@x.org", "primary": True}], "b@x.org"),
        ([{"value": "A@x.org"}, {"value": "a@x.org"}], "a@x.org"),
        (["a@x.org"], "a@x.org"),
        (
            [{"value": "a@x.org"}, {"value": "b@x.org"}],
            "has 2 emails (a@x.org, b@x.org); mark one as primary",
        ),
        ([{"value": "a@x.org"}, {"value": 7}], "its emails is 7, which is not text"),
        ({"value": "a@x.org"}, "its emails is {'value': 'a@x.org'}, which is not text"),
        (5, "its emails is 5, which is not text"),
        ([], "no user with that id shows emails"),
        ([{"value": " "}], "no user with that id shows emails"),
    ],
    ids=count(),
)
def test_addresses(odd, emails, account):
    odd.groups["g1"]["members"] = ["u1"]
    odd.users[1]["emails"] = emails
    scim = target(odd.url, match="email")
    found = scim.listing()
    assert [*found.held, *(one.why[:50] for one in found.unnamed)] == [account[:50]]
    if account.startswith("has 2"):
        assert [one.note for one in scim.apply([grant("b@x.org")], "b")] == [f"u1 {found.unnamed[0].why}"]
    scim.close()


def test_what_is_asked_for(odd):
    listing(odd)
    assert odd.asked == [
        "ServiceProviderConfig",
        "Groups 1",
        "Groups",
        *(f"Users {n}" for n in (1, 51, 101, 121)),
    ]


@pytest.mark.parametrize(
    "way", ["wants a version: 412", "wants a version: 428", "409 once on PATCH", "answers 202"]
)
def test_changes_that_take_more(odd, sqlite_store, way):
    odd.way = way
    scim = target(odd.url, match="id")
    numbers = [f"{n}" for n in range(79, 90)]
    _, summary = do(sqlite_store, scim, ScriptedClient(dict.fromkeys(numbers[:8], ())), people(*numbers))
    assert (summary.counts, summary.failures) == ({"verified": 4}, ())
    assert sorted(scim.listing().held) == numbers[:8]
    scim.close()


def test_a_conflict_that_lasts(odd):
    odd.way = "409 on PATCH"
    scim = target(odd.url, match="id")
    assert [one.note for one in scim.apply([grant("1")], "b")] == [
        "the server refused: 'read only' (HTTP 409)"
    ]
    assert odd.asked.count("refused") == 3
    scim.close()


@pytest.mark.parametrize("status", [405, 501])
def test_no_patch(odd, status):
    odd.way = f"{status} on PATCH"
    scim = target(odd.url, match="id")
    results = scim.apply([grant("1"), grant("2")], "b")
    assert [next(results).state, next(results).state] == ["unclear", "failed"]
    with pytest.raises(TargetError, match=rf"cannot add or remove one member of {GROUP}: .*; icaccess needs"):
        next(results)
    assert odd.asked.count("refused") == 1
    scim.close()


def test_a_partial_change_is_no_drift(odd, sqlite_store):
    odd.group("IC 210", [f"u{n}" for n in range(80, 90)])
    scim = target(odd.url, match="id", location_groups={"210": "IC 210"})
    numbers = [f"{n}" for n in range(79, 90)]
    client = ScriptedClient(dict.fromkeys(numbers[:10], ("210",)))
    adopt(sqlite_store, scim, people(*numbers), client=client)
    odd.way = f"refuses {GROUP}"
    _, summary = do(sqlite_store, scim, client, people(*numbers))
    assert {(one.change.employee_id, one.note) for one in summary.failures} == {
        (one, "the target does not show it (the server refused: 'not today' (HTTP 400))")
        for one in ("79", "89")
    }
    assert [("u79" in group["members"], "u89" in group["members"]) for group in odd.groups.values()][1:] == [
        (False, True),
        (True, False),
    ]
    odd.way = ""
    plan, summary = do(sqlite_store, scim, client, people(*numbers))
    assert (plan.drift, summary.counts) == ((), {"verified": 2})
    assert sorted(scim.listing().held) == numbers[:10]
    scim.close()


def test_two_accounts_for_one_key(odd):
    odd.users[0]["externalId"] = "80"
    scim = target(odd.url, match="id")
    assert scim.listing().held["80"] == Access(held=True)
    assert [one.state for one in scim.apply([revoke("80")], "b")] == ["made"]
    assert changed(odd) == [f"remove u80 in {GROUP}"]
    assert "80" not in scim.listing().held
    assert [one.note for one in scim.apply([grant("80")], "b")] == [
        "2 users have the externalId 80; exactly one is needed"
    ]
    scim.close()


def test_a_server_that_takes_removals_by_value(odd):
    scim = target(odd.url, match="id", remove="value")
    scim.listing()
    gone = [revoke("80"), revoke("81")]
    assert [one.state for one in scim.apply(gone, "b")] == ["made", "made"]
    assert sorted(scim.listing().held) == [f"{n}" for n in range(82, 90)]
    scim.close()


@pytest.mark.parametrize(("remove", "other"), [("filter", "value"), ("value", "filter")])
def test_a_removal_that_empties_the_group(odd, sqlite_store, remove, other):
    numbers = [f"{n}" for n in range(80, 90)]
    everybody, client = people(*numbers), ScriptedClient(dict.fromkeys(numbers[:8], ()))
    scim = target(odd.url, match="id", remove=remove)
    adopt(sqlite_store, scim, everybody, client=client)
    odd.way = "remove empties"
    _, summary = do(sqlite_store, scim, client, everybody)
    assert summary.stopped.endswith(
        f"took 9 more members out of {GROUP} than the one that was to go, such as 'u80', and was asked to "
        f"add them again; set target.scim.remove to {other}"
    )
    assert (summary.counts, sorted(scim.listing().held)) == (
        {"verified": 1, "failed": 1},
        [*numbers[:8], "89"],
    )
    assert len(changed(odd)) == 2
    odd.way = ""
    plan, summary = do(sqlite_store, scim, client, everybody)
    assert (plan.drift, summary.counts, sorted(scim.listing().held)) == ((), {"verified": 1}, numbers[:8])
    scim.close()


def test_a_token_that_may_not_write_is_said_to_be_one(odd, sqlite_store):
    odd.way = "403 on PATCH"
    scim = target(odd.url, match="id")
    numbers = [f"{n}" for n in range(80, 90)]
    _, summary = do(sqlite_store, scim, ScriptedClient(dict.fromkeys(numbers[:8], ())), people(*numbers))
    assert {one.note.partition(": ")[0] for one in summary.failures} == {
        f"the target does not show it ({odd.url}",
        "not tried, since an earlier change ended with",
    }
    said = "'read only' (HTTP 403); ask for the right"
    assert summary.stopped.endswith(f"does not let this token change {GROUP}: {said}")
    scim.close()


def test_a_change_shown_late_is_no_drift(odd, sqlite_store):
    scim = target(odd.url, match="id")
    everybody = people("7", *(f"{n}" for n in range(80, 90)))
    held = {f"{n}": () for n in range(80, 90)}
    adopt(sqlite_store, scim, everybody, client=ScriptedClient(held))
    odd.way = "shown late"
    for action, client in (("grant", ScriptedClient({**held, "7": ()})), ("revoke", ScriptedClient(held))):
        _, summary = do(sqlite_store, scim, client, everybody)
        assert [one.note for one in summary.failures] == ["the target does not show it"]
        assert states(sqlite_store)[-1] == (action, "7", "failed")
        shown = run_on(everybody, client, scim, sqlite_store).plan()  # which settles nothing
        plan, summary = do(sqlite_store, scim, client, everybody)
        assert (shown.drift, shown.changes, plan.drift, plan.changes) == ((), (), (), ())
        assert summary.complete
        assert states(sqlite_store)[-1] == (action, "7", "verified")
        assert kinds(sqlite_store).count("drift") == 0
        plan, _ = do(sqlite_store, scim, client, everybody)
        assert (plan.drift, plan.changes) == ((), ())
    scim.close()


def test_a_group_in_the_group_is_said(odd):
    odd.groups["g1"]["members"].append("g0")
    found = listing(odd)
    assert [(one.member, one.groups) for one in found.unnamed] == [("g0", (GROUP,))]


@pytest.mark.parametrize("mark", [{"type": "group"}, {"$ref": "../Groups/u85"}])
def test_a_group_is_no_user(odd, mark):
    odd.way, odd.mark = "a member is a group", mark
    found = listing(odd)
    assert sorted(found.held) == [f"{n}" for n in range(80, 90) if n != 85]
    said = "a group: its members hold access through it, and are not looked at"
    assert [(one.member, one.why) for one in found.unnamed] == [("Groups/u85", said)]


@pytest.mark.parametrize("text", ["\ud800", "8\x000", "8\x1b[31m"], ids=count())
def test_keys_that_do_not_print(odd, sqlite_store, text):
    odd.users[0]["externalId"] = text
    odd.groups["g1"]["members"] += ["u0", text]
    scim = target(odd.url, match="id")
    plan, summary = do(sqlite_store, scim, ScriptedClient({"80": (), "1": ()}), people("1", "80", "81"))
    assert [(one.member.isprintable(), one.why) for one in plan.unnamed] == [
        (True, "its externalId has characters that do not print"),
        (True, "no user with that id shows externalId"),
    ]
    assert summary.counts == {"verified": 2}
    scim.close()
