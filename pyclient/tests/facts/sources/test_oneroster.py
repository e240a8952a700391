"""OneRoster services and bundles: one fake that departs from the standard in each way that servers do."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icaccess.cli.facts import places_of
from icaccess.config import load_config
from icaccess.errors import ConfigError, FactsError
from icaccess.facts.sources import open_sources
from icaccess.facts.sources.roster import Bundle
from icaccess.models import InvalidRecord
from tests.facts.feeds import EMPLOYMENT, SOURCES, employee, folder, merged
from tests.facts.sources.servers import Asked, Reply, serving

ORGS = [
    {
        "sourcedId": "o1",
        "status": "active",
        "name": "Sample Elementary A",
        "type": "school",
        "identifier": "210",
    },
    {
        "sourcedId": "o2",
        "status": "active",
        "name": "Sample Office",
        "type": "department",
        "identifier": "900",
    },
    {
        "sourcedId": "o3",
        "status": "tobedeleted",
        "name": "Sample Closed School",
        "type": "school",
        "identifier": "299",
    },
]
USERS_12 = [
    {
        "sourcedId": f"u{number}", "status": "active", "enabledUser": "true", "identifier": str(number), "username": f"user{number}",
        "email": f"{number}@example.org",
        "roles": [{"roleType": "primary", "role": "aide", "org": {"sourcedId": "o1"}, "beginDate": "2020-01-01"}],
        "metadata": {"title": f"T{number}"},
    }
    for number in (1, 2, 3)
] + [{"sourcedId": "u9", "status": "active", "enabledUser": "true", "identifier": "9", "username": "kid", "roles": [{"role": "student", "org": {"sourcedId": "o1"}}]}]  # fmt: skip
USERS_11 = [
    {key: value for key, value in user.items() if key != "roles"}
    | {"role": user["roles"][0]["role"], "orgs": [{"sourcedId": "o1", "type": "org"}]}  # type: ignore[index]
    for user in USERS_12
]
SERVICE = [
    {"type": "oneroster", "name": "people", "gives": "people"},
    {"type": "oneroster", "name": "jobs", "gives": "assignments", "fields": {"role": "metadata.title"}},
]

Change = Callable[[Asked, Reply], Reply]


def service(
    asked: Asked, users: list[dict[str, Any]], largest: int = 2, orgs: list[dict[str, Any]] | None = None
) -> Reply:
    """A server that keeps to the standard."""
    name = asked.path.rpartition("/")[2]
    things = {"orgs": ORGS if orgs is None else orgs, "users": users}[name]
    offset, limit = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 100))
    page = things[offset : offset + min(limit, largest)]
    return Reply({name: page}, headers={"X-Total-Count": str(len(things))})


def changed(source: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The source with other settings; how a job ends is said of jobs alone."""
    fitting = {
        name: value for name, value in changes.items() if name != "ends" or source["gives"] == "assignments"
    }
    return {**source, **fitting}


def read(tmp_path: Path, url: str, **changes: Any) -> Any:
    tmp_path.mkdir(exist_ok=True)
    sources = [*(changed(source, {"url": url, **changes}) for source in SERVICE), EMPLOYMENT, *SOURCES[3:]]
    return merged(folder(tmp_path, sources=sources))


def no_total(_: Asked, reply: Reply) -> Reply:
    return reply._replace(headers={})


def link_next_past_the_end(asked: Asked, reply: Reply) -> Reply:
    offset = int(asked.query["offset"]) + 2
    link = f'<http://{asked.headers["host"]}{asked.path}?offset={offset}&limit=2>; rel="next"'
    return reply._replace(headers={"Link": link})


def empty_collections_as_204(_: Asked, reply: Reply) -> Reply:
    empty = not next(iter(reply.body.values()))
    return Reply(None, 204) if empty else reply._replace(headers={})


def enabled_as_true(_: Asked, reply: Reply) -> Reply:
    return _enabled(reply, True)


def enabled_as_1(_: Asked, reply: Reply) -> Reply:
    return _enabled(reply, 1)


def _enabled(reply: Reply, value: object) -> Reply:
    ((name, things),) = reply.body.items()
    return reply._replace(body={name: [{**thing, "enabledUser": value} for thing in things]})


def capitalised_collection(_: Asked, reply: Reply) -> Reply:
    ((name, things),) = reply.body.items()
    return reply._replace(body={name.capitalize(): things})


def as_it_should(_: Asked, reply: Reply) -> Reply:
    return reply


@pytest.mark.parametrize(
    "differs",
    [as_it_should, no_total, link_next_past_the_end, empty_collections_as_204, enabled_as_true, enabled_as_1, capitalised_collection],
)  # fmt: skip
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_servers_may_vary(tmp_path: Path, version: str, differs: Change) -> None:
    users = {"1.1": USERS_11, "1.2": USERS_12}[version]
    # 1.1 tells no days: a constant says from when an assignment is taken to hold.
    constants = {"1.1": {"start": "2020-01-01"}, "1.2": {}}[version]
    with serving(lambda asked: differs(asked, service(asked, users))) as server:
        people, jobs = ({**source, "url": server.url} for source in SERVICE)
        sources = [people, {**jobs, "constants": constants}, EMPLOYMENT, *SOURCES[3:]]
        records, source = merged(folder(tmp_path, sources=sources))
    assert set(records) == {"1", "2", "3"}
    assert employee(records, "1")["assignments"] == [{"role": "T1", "location": "210", "start": "2020-01-01"}]
    assert employee(records, "1")["username"] == "user1"
    assert list(source.issues()) == [
        "lms row 2: email one@example.org fits no employee, so the row is not used"
    ]


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("key", ["imsx_description", "imsx_Description"])
def test_errors_flat_or_nested(tmp_path: Path, key: str, *, nested: bool) -> None:
    body = {key: "bad offset", "imsx_codeMajor": "failure"}
    with (
        serving(lambda _: Reply({"imsx_StatusInfo": body} if nested else body, 400)) as server,
        pytest.raises(FactsError, match="answered 400: 'bad offset"),
    ):
        read(tmp_path, server.url)


def test_403_for_no_token_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good: list[str] = []
    refused: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/campus/oauth2/token":
            assert asked.query == {"appName": "sample"}
            token = f"t{len(server.asked)}"
            if refused:  # what was given before the first refusal has expired by now
                good.append(token)
            return Reply({"access_token": token, "token_type": "bearer"})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in good:
            return service(asked, USERS_12)
        refused.append(asked.path)
        return Reply({"imsx_codeMajor": "failure"}, 403)

    monkeypatch.setenv("CLIENT_SECRET", "s3cret")
    with serving(answer) as server:
        auth = {
            "type": "oauth2", "token_url": f"{server.url}/campus/oauth2/token?appName=sample",
            "client_id": "c", "client_secret": "${CLIENT_SECRET}",
        }  # fmt: skip
        records, _ = read(tmp_path, f"{server.url}/campus/api/ims/oneroster/rostering/v1p2", auth=auth)
    assert set(records) == {"1", "2", "3"}
    assert refused


def forgets_some(asked: Asked, reply: Reply) -> Reply:
    return (
        reply._replace(body={"users": []})
        if asked.path.endswith("users") and asked.query["offset"] == "2"
        else reply
    )


def fails_at_the_end(asked: Asked, reply: Reply) -> Reply:
    """Without a total, the failure looks like the end of the collection."""
    if asked.query["offset"] == "0":
        return reply._replace(headers={})
    name = asked.path.rpartition("/")[2]
    return Reply(
        {name: [], "imsx_StatusInfo": {"imsx_codeMajor": "failure", "imsx_description": "timed out"}}
    )


def ignores_offset(asked: Asked, _: Reply) -> Reply:
    name = asked.path.rpartition("/")[2]
    return Reply({name: {"orgs": ORGS, "users": USERS_12}[name][:2]})


def changes_its_total(asked: Asked, reply: Reply) -> Reply:
    return reply._replace(headers={"X-Total-Count": "3" if asked.query["offset"] == "0" else "5"})


def something_else(_: Asked, __: Reply) -> Reply:
    return Reply({"classes": []})


def a_log_in_page(_: Asked, __: Reply) -> Reply:
    return Reply("<html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        (forgets_some, "/users: gave 2 rows but says that it holds 4; get it whole again"),
        (fails_at_the_end, "answered 200 with an error: 'timed out'; try again"),
        (ignores_offset, "the page at row 2 repeats an earlier one"),
        (changes_its_total, "rows to 5 while read; try again"),
        (something_else, "holds no list of"),
        (a_log_in_page, "answered with a web page instead of JSON; is it a log-in page?"),
    ],
)
def test_a_bad_service(tmp_path: Path, differs: Change, says: str) -> None:
    with (
        serving(lambda asked: differs(asked, service(asked, USERS_12))) as server,
        pytest.raises(FactsError) as caught,
    ):
        read(tmp_path, server.url)
    assert says in str(caught.value)


def table(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def bundle(**declared: str) -> dict[str, str]:
    manifest = {
        "manifest.version": "1.0",
        "oneroster.version": "1.2",
        "file.orgs": "bulk",
        "file.users": "bulk",
        "file.roles": "bulk",
    }
    users = [
        {key: str(value) for key, value in user.items() if isinstance(value, str)} for user in USERS_12[:3]
    ]
    for user in users:
        user["metadata.title"] = f"T{user['identifier']}"
    roles = [
        {
            "sourcedId": f"r{number}",
            "userSourcedId": f"u{number}",
            "orgSourcedId": "o1",
            "role": "aide",
            "beginDate": "2020-01-01",
            "endDate": "",
        }
        for number in (1, 2, 3)
    ]
    properties = {**manifest, **declared}
    return {
        "manifest.csv": table([{"propertyName": name, "value": value} for name, value in properties.items()]),
        "orgs.csv": table(ORGS), "users.csv": table(users), "roles.csv": table(roles),
    }  # fmt: skip


def read_bundle(tmp_path: Path, files: dict[str, str], *, zipped: bool, **changes: Any) -> Any:
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / ("roster.zip" if zipped else "roster")
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    else:
        path.mkdir()
        for name, text in files.items():
            (path / name).write_text(text)
    sources = [
        *(changed(source, {"path": path.name, **changes}) for source in SERVICE),
        EMPLOYMENT,
        *SOURCES[3:],
    ]
    return merged(folder(tmp_path, sources=sources))


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("damage", ["cut", "overwritten", "encrypted"])
def test_a_damaged_zip(tmp_path: Path, method: int, damage: str) -> None:
    path = tmp_path / "roster.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in bundle().items():
            archive.writestr(name, text)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "overwritten":
        data[60:90] = bytes(30)
    else:
        data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with closing(Bundle(path)) as roster, pytest.raises(FactsError, match=r"roster\.zip"):
        list(roster.collection("orgs"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([*bundle().items(), ("users.csv", "sourcedId\r\n")], r"roster\.zip: holds a file twice"),
        ([(f"export/{name}", text) for name, text in bundle().items()], "holds no manifest.csv at its top"),
        ([*bundle().items()][:1], r"roster\.zip/orgs\.csv: cannot be read"),
        (
            [*[*bundle().items()][:1], ("orgs.csv", "a,b\r\n1,2\r\n")],
            r"roster\.zip/orgs\.csv line 1: has no column",
        ),
    ],
    ids=["twice", "folder", "missing", "columns"],
)
def test_a_zip_is_told_by_its_own_name(tmp_path: Path, files: list[tuple[str, str]], said: str) -> None:
    path = tmp_path / "roster.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files:
            archive.writestr(name, text)
    with closing(Bundle(path)) as roster, pytest.raises(FactsError, match=said):
        list(roster.collection("orgs"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_bundle_gives_what_the_service_gives(tmp_path: Path, *, zipped: bool) -> None:
    records, _ = read_bundle(tmp_path, bundle(), zipped=zipped)
    with serving(lambda asked: service(asked, USERS_12)) as server:
        assert read(tmp_path, server.url)[0] == records


def with_roles(*roles: dict[str, Any], **user: Any) -> list[dict[str, Any]]:
    """The users with other roles, or other fields, for the first of them."""
    first = {**USERS_12[0], **user}
    return [first | ({"roles": list(roles)} if roles else {}), *USERS_12[1:]]


def role(**changes: Any) -> dict[str, Any]:
    return {"role": "aide", "org": {"sourcedId": "o1"}, "beginDate": "2020-01-01", **changes}


def served(
    tmp_path: Path, users: list[dict[str, Any]], orgs: list[dict[str, Any]] = ORGS, **changes: Any
) -> Any:
    """The records out of a service with these users and orgs."""

    with serving(lambda asked: service(asked, users, orgs=orgs)) as server:
        return read(tmp_path, server.url, **changes)[0]


def bundled(
    tmp_path: Path, users: list[dict[str, Any]], orgs: list[dict[str, Any]] = ORGS, **changes: Any
) -> Any:
    """The records out of a bundle with these users and orgs."""
    roles = [
        {"userSourcedId": user["sourcedId"], "orgSourcedId": held["org"]["sourcedId"], **{name: held.get(name) or "" for name in ("role", "status", "beginDate", "endDate")}}
        for user in users
        for held in user.get("roles", [])
    ]  # fmt: skip
    flat = [
        {**{name: user.get(name) or "" for name in ("sourcedId", "status", "identifier", "username", "email")}, "metadata.title": user.get("metadata", {}).get("title", "")}
        for user in users
    ]  # fmt: skip
    names = ("sourcedId", "status", "name", "type", "identifier")
    files = {"users.csv": table(flat), "roles.csv": table(roles), "orgs.csv": table([{name: org.get(name) or "" for name in names} for org in orgs])}  # fmt: skip
    return read_bundle(tmp_path, bundle() | files, zipped=False, **changes)[0]


either = pytest.mark.parametrize("roster", [served, bundled])


@either
@pytest.mark.parametrize("status", ["tobedeleted", "inactive", "Inactive", "toBeDeleted "])
def test_a_role_that_is_gone(tmp_path: Path, roster: Any, status: str) -> None:
    records = roster(tmp_path, with_roles(role(status=status), role(status="active", beginDate="2021-01-01")))
    assert [job["start"] for job in employee(records, "1")["assignments"]] == ["2021-01-01"]
    only = roster(tmp_path / "only", with_roles(role(status=status)))
    assert employee(only, "1")["assignments"] == []
    assert employee(only, "1")["username"] == "user1"


@either
@pytest.mark.parametrize("whose", ["user", "role"])
def test_a_status_that_the_standard_lacks(tmp_path: Path, roster: Any, whose: str) -> None:
    status = {"status": "Withdrawn"}
    users = with_roles(role(**status)) if whose == "role" else with_roles(role(), **status)
    bad = roster(tmp_path, users)["1"]
    assert isinstance(bad, InvalidRecord)
    assert "its status 'Withdrawn' is none of active, inactive and tobedeleted; correct it" in bad.problem


@either
@pytest.mark.parametrize("status", ["tobedeleted", "inactive", "Inactive"])
def test_a_user_who_is_gone(tmp_path: Path, roster: Any, status: str) -> None:
    records = roster(tmp_path, with_roles(role(), status=status))
    gone = employee(records, "1")
    assert (gone["assignments"], gone["employment"]) == ([], [{"start": "2020-01-01"}])
    assert "email" not in gone
    assert "username" not in gone
    assert len(employee(records, "2")["assignments"]) == 1


@either
def test_a_user_who_came_back(tmp_path: Path, roster: Any) -> None:
    again = {**USERS_12[0], "sourcedId": "u1b", "username": "again"}
    records = roster(tmp_path, [*with_roles(role(), status="tobedeleted"), again])
    assert employee(records, "1")["username"] == "again"
    assert len(employee(records, "1")["assignments"]) == 1


@either
def test_an_identifier_of_two_users(tmp_path: Path, roster: Any) -> None:
    # All else is equal, so that only the sourcedId tells the two apart.
    other = {**USERS_12[0], "sourcedId": "u7", "roles": [role(), role(beginDate="2022-01-01")]}
    records = roster(tmp_path, [*USERS_12, other])
    assert isinstance(records["1"], InvalidRecord)
    assert records["1"].problem == (
        "jobs row 5: id 1 is also in row 1, with another sourcedId, so nobody can say whose it is; "
        "correct one of the two rows"
    )
    assert len(employee(records, "2")["assignments"]) == 1


def test_an_identifier_of_two_users_with_jobs(tmp_path: Path) -> None:
    with serving(lambda asked: service(asked, [*USERS_12, {**USERS_12[0], "sourcedId": "u7"}])) as server:
        sources = [SOURCES[0], {**SERVICE[1], "url": server.url}, EMPLOYMENT, *SOURCES[3:]]
        records, source = merged(folder(tmp_path, sources=sources))
    assert isinstance(records["1"], InvalidRecord)
    assert [issue.partition(",")[0] for issue in source.issues()] == ["jobs row 5: id 1 is also in row 1"]
    assert "certifications" in employee(records, "2")


def test_a_user_given_twice_keeps_the_jobs(tmp_path: Path) -> None:
    gone = {**USERS_12[0], "status": "tobedeleted", "roles": []}
    assert len(employee(bundled(tmp_path, [gone, *USERS_12[:3]]), "1")["assignments"]) == 1


@either
def test_a_student_with_blanks_is_no_employee(tmp_path: Path, roster: Any) -> None:
    student = {**with_roles(role(role=" Student "))[0], "sourcedId": "u9", "identifier": "9"}
    assert "9" not in roster(tmp_path, [*with_roles(role()), student])


@either
def test_a_status_that_is_blank_counts(tmp_path: Path, roster: Any) -> None:
    orgs = [{**org, "status": None} for org in ORGS]
    records = roster(tmp_path, with_roles(role(status=None), status=None), orgs)
    assert employee(records, "1")["assignments"] == [{"role": "T1", "location": "210", "start": "2020-01-01"}]


@either
@pytest.mark.parametrize(
    "time", ["T00:00:00Z", "T00:00:00.000Z", "T23:30:00-07:00", " 00:00:00", "t06:00:00+00:00"]
)
def test_a_date_is_a_day(tmp_path: Path, roster: Any, time: str) -> None:
    records = roster(tmp_path, with_roles(role(beginDate=f"2024-08-01{time}", endDate=f"2025-06-01{time}")))
    assert employee(records, "1")["assignments"] == [
        {"role": "T1", "location": "210", "start": "2024-08-01", "end": "2025-05-31"}
    ]


@either
@pytest.mark.parametrize(
    ("ends", "last"), [(None, "2025-05-31"), ("day_after", "2025-05-31"), ("last_day", "2025-06-01")]
)
def test_an_exclusive_end(tmp_path: Path, roster: Any, ends: str | None, last: str) -> None:
    records = roster(tmp_path, with_roles(role(endDate="2025-06-01")), **({"ends": ends} if ends else {}))
    assert employee(records, "1")["assignments"][0]["end"] == last


@either
@pytest.mark.parametrize(
    ("orgs", "why"),
    [
        (ORGS[1:], "'o1', which is not among the orgs"),
        ([{**ORGS[0], "status": "inactive"}, *ORGS[1:]], "'o1', which is marked as deleted"),
        ([{**ORGS[0], "status": "shut"}, *ORGS[1:]], "'o1', which may be closed: its status 'shut' is none of"),
        ([{**ORGS[0], "identifier": None}, *ORGS[1:]], "'o1', which has no identifier; add it, or set `fields: {location: org.sourcedId}`"),
    ],
)  # fmt: skip
def test_an_absent_org(tmp_path: Path, roster: Any, orgs: list[dict[str, Any]], why: str) -> None:
    elsewhere = role(org={"sourcedId": "o2"})
    users = [user | {"roles": [elsewhere]} for user in USERS_12[:3]]
    users[0] = users[0] | {"roles": [elsewhere, role(endDate="2021-06-01")]}
    users[1] = users[1] | {"roles": [elsewhere, role()]}
    records = roster(tmp_path, users, orgs)
    (ended,) = [job for job in employee(records, "1")["assignments"] if job["location"] != "900"]
    assert (ended["end"], ended["location"] in ("o1", "210")) == ("2021-05-31", True)
    assert f"a job that has not ended is at the org {why}" in records["2"].problem
    assert [job["location"] for job in employee(records, "3")["assignments"]] == ["900"]


def test_a_place_may_be_called_by_its_sourced_id(tmp_path: Path) -> None:
    orgs = [{**org, "identifier": None} for org in ORGS]
    with serving(lambda asked: service(asked, USERS_12, orgs=orgs)) as server:
        jobs = {**SERVICE[1], "fields": {"role": "metadata.title", "location": "org.sourcedId"}}
        sources = [{**source, "url": server.url} for source in (SERVICE[0], jobs)]
        records, _ = merged(folder(tmp_path, sources=[*sources, EMPLOYMENT, *SOURCES[3:]]))
    assert employee(records, "1")["assignments"][0]["location"] == "o1"


@either
@pytest.mark.parametrize("missing", ["email", "username"])
def test_optional_fields_missing(tmp_path: Path, roster: Any, missing: str) -> None:
    users = [{name: value for name, value in user.items() if name != missing} for user in USERS_12]
    records = roster(tmp_path, users)
    assert missing not in employee(records, "1")
    assert len(employee(records, "1")["assignments"]) == 1


def test_a_field_that_the_settings_name_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match="no row has the field 'mail', which the settings name"):
        served(tmp_path, USERS_12, fields={"email": "mail"}, gives="people")


def test_a_default_can_be_taken_out(tmp_path: Path) -> None:
    assert "email" in employee(served(tmp_path, USERS_12), "1")
    assert "email" not in employee(served(tmp_path / "without", USERS_12, without=["email"]), "1")
    ended = with_roles(role(endDate="2023-01-01"))
    assert employee(served(tmp_path / "end", ended), "1")["assignments"][0]["end"] == "2022-12-31"
    (job,) = employee(served(tmp_path / "no-end", ended, without=["end"]), "1")["assignments"]
    assert "end" not in job


@either
def test_a_role_without_a_begin_is_undecided(tmp_path: Path, roster: Any) -> None:
    records = roster(tmp_path, with_roles(role(beginDate=None)))
    assert "a role has no beginDate; add it, or set `constants: {start: YYYY-MM-DD}`" in records["1"].problem
    assert len(employee(records, "2")["assignments"]) == 1


def test_1_1_says_that_it_has_no_begin_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FactsError) as caught:
        served(tmp_path, USERS_11)
    said = str(caught.value)
    assert (
        "OneRoster 1.1 does not say when a job began. Take jobs from HR, or set `constants: {start: " in said
    )
    assert "changes of job do not show (ES-9)" in said


def test_a_1_1_bundle_has_orgs_and_role_with_the_user(tmp_path: Path) -> None:
    files = bundle(**{"file.roles": "absent", "oneroster.version": "1.1"})
    users = [
        {
            "sourcedId": "u1",
            "orgSourcedIds": "o1,o2",
            "role": "aide",
            "identifier": "1",
            "username": "a",
            "email": "",
            "metadata.title": "T",
            "beginDate": "2020-01-01",
        },
        {
            "sourcedId": "u2",
            "orgSourcedIds": "o2",
            "role": "teacher",
            "identifier": "2",
            "username": "b",
            "email": "x@y.z",
            "metadata.title": "U",
            "beginDate": "2020-01-01",
        },
    ]
    records, _ = read_bundle(tmp_path, {**files, "users.csv": table(users)}, zipped=True)
    assert [job["location"] for job in employee(records, "1")["assignments"]] == ["210", "900"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (bundle(**{"file.users": "delta"}), "its manifest says 'delta' for users; a bulk export is needed"),
        (bundle(**{"file.orgs": "absent"}), "its manifest says 'absent' for orgs; a bulk export is needed"),
        ({}, "manifest.csv"),
        (
            bundle() | {"users.csv": "sourcedId,identifier\nu1,1,1\nu2,2\n"},
            "users.csv line 2: has 3 cells where the header has 2",
        ),
        (bundle() | {"users.csv": "id\n1\n"}, "has no column 'sourcedId'"),
        (
            bundle() | {"users.csv": "sourcedId,identifier\nu1,1\nu2,2\n"},
            "roles.csv names the user 'u3', who is not among the users; get both again",
        ),
        (
            bundle() | {"users.csv": "sourcedId,identifier\nu1,1\nu2,2\nu3,3\nu1,9\n"},
            "users.csv has the user 'u1' with two identifiers; get it again",
        ),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_bad_bundle(tmp_path: Path, files: dict[str, str], says: str, *, zipped: bool) -> None:
    with pytest.raises(FactsError) as caught:
        read_bundle(tmp_path, files, zipped=zipped)
    assert says in str(caught.value)


def test_no_zip_file_at_all(tmp_path: Path) -> None:
    (tmp_path / "roster.zip").write_text("x")
    with pytest.raises(FactsError, match="is neither a folder nor a readable zip file"):
        merged(folder(tmp_path, sources=[{**SERVICE[0], "path": "roster.zip"}]))


def test_locations_come_with_their_types(tmp_path: Path) -> None:
    source = {"type": "oneroster", "name": "places", "gives": "locations"}
    with serving(lambda asked: service(asked, USERS_12)) as server:
        config = folder(tmp_path, sources=[{**source, "url": server.url}])
        assert open_sources(config) == []
        assert places_of(open_sources(config, locations=True)) == {
            "210": {"type": "school", "name": "Sample Elementary A"},
            "900": {"type": "department", "name": "Sample Office"},
        }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "give either the `url` of a service or the `path` of a bundle"),
        ({"url": "http://a", "path": "b"}, "give either the `url` of a service or the `path` of a bundle"),
        ({"path": "b", "gives": "approvals"}, "gives: OneRoster gives people, assignments, locations"),
    ],
)
def test_bad_settings(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    (tmp_path / "icaccess.yaml").write_bytes(msgspec.json.encode({"sources": [{**SERVICE[0], **changes}]}))
    with pytest.raises(ConfigError) as caught:
        open_sources(load_config(tmp_path))
    assert says in str(caught.value)
