"""OneRoster services and bundles: one fake that departs from the standard in each way that servers do."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icaccess.cli.facts import places_of
from icaccess.config import load_config
from icaccess.errors import ConfigError, FactsError
from icaccess.facts.sources import open_sources
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


def service(asked: Asked, users: list[dict[str, Any]], largest: int = 2) -> Reply:
    """A server that keeps to the standard."""
    name = asked.path.rpartition("/")[2]
    things = {"orgs": ORGS, "users": users}[name]
    offset, limit = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 100))
    page = things[offset : offset + min(limit, largest)]
    return Reply({name: page}, headers={"X-Total-Count": str(len(things))})


def read(tmp_path: Path, url: str, **changes: Any) -> Any:
    sources = [*({**source, "url": url, **changes} for source in SERVICE), EMPLOYMENT, *SOURCES[3:]]
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
def test_every_difference_between_servers_is_tolerated(tmp_path: Path, version: str, differs: Change) -> None:
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
def test_errors_flat_or_nested_with_keys_in_either_case(tmp_path: Path, key: str, *, nested: bool) -> None:
    body = {key: "bad offset", "imsx_codeMajor": "failure"}
    with (
        serving(lambda _: Reply({"imsx_StatusInfo": body} if nested else body, 400)) as server,
        pytest.raises(FactsError, match="answered 400: bad offset"),
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


def ignores_offset(asked: Asked, _: Reply) -> Reply:
    name = asked.path.rpartition("/")[2]
    return Reply({name: {"orgs": ORGS, "users": USERS_12}[name][:2]})


def changes_its_total(asked: Asked, reply: Reply) -> Reply:
    return reply._replace(headers={"X-Total-Count": "3" if asked.query["offset"] == "0" else "5"})


def something_else(_: Asked, __: Reply) -> Reply:
    return Reply({"classes": []})


def a_log_in_page(_: Asked, __: Reply) -> Reply:
    return Reply("<html>", headers={"Content-Type": "text/html"})


def unknown_orgs(asked: Asked, reply: Reply) -> Reply:
    return reply._replace(body={"orgs": []}, headers={}) if asked.path.endswith("orgs") else reply


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        (forgets_some, "/users: gave 2 rows but says that it holds 4; get it whole again"),
        (ignores_offset, "the page at 2 repeats an earlier one; is `offset` ignored?"),
        (changes_its_total, "rows to 5 while it was read; try again"),
        (something_else, "holds no list of"),
        (a_log_in_page, "answered with a web page instead of JSON; is it a log-in page?"),
        (unknown_orgs, "user 'u1' works in the org 'o1', which is not among the orgs; get both anew"),
    ],
)
def test_a_service_that_cannot_be_believed_stops_the_run(tmp_path: Path, differs: Change, says: str) -> None:
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


def read_bundle(tmp_path: Path, files: dict[str, str], *, zipped: bool) -> Any:
    path = tmp_path / ("roster.zip" if zipped else "roster")
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    else:
        path.mkdir()
        for name, text in files.items():
            (path / name).write_text(text)
    sources = [*({**source, "path": path.name} for source in SERVICE), EMPLOYMENT, *SOURCES[3:]]
    return merged(folder(tmp_path, sources=sources))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_bundle_gives_what_the_service_gives(tmp_path: Path, *, zipped: bool) -> None:
    records, _ = read_bundle(tmp_path, bundle(), zipped=zipped)
    with serving(lambda asked: service(asked, USERS_12)) as server:
        assert read(tmp_path, server.url)[0] == records


def test_a_role_to_be_deleted_is_left_out(tmp_path: Path) -> None:
    files = bundle()
    header, *roles = files["roles.csv"].splitlines()
    marked = [f"{header},status", f"{roles[0]},tobedeleted", *(f"{role},active" for role in roles[1:])]
    records, _ = read_bundle(tmp_path, {**files, "roles.csv": "\n".join(marked)}, zipped=False)
    assert set(records) == {"2", "3"}  # of the first, the roster knows no role as staff
    assert len(employee(records, "2")["assignments"]) == 1


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
        (bundle(**{"file.users": "delta"}), "its manifest says 'delta' of users; a bulk export is needed"),
        (bundle(**{"file.orgs": "absent"}), "its manifest says 'absent' of orgs; a bulk export is needed"),
        ({}, "cannot be read"),
        (
            bundle() | {"users.csv": "sourcedId,identifier\nu1,1,1\nu2,2\n"},
            "users.csv line 2: has 3 cells where the header has 2",
        ),
        (bundle() | {"users.csv": "id\n1\n"}, "has no column 'sourcedId'"),
        (
            bundle() | {"users.csv": "sourcedId,identifier\nu1,1\nu2,2\n"},
            "roles.csv tells of the user 'u3', who is not among the users; get both anew",
        ),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_bundle_that_cannot_be_believed(
    tmp_path: Path, files: dict[str, str], says: str, *, zipped: bool
) -> None:
    with pytest.raises(FactsError) as caught:
        read_bundle(tmp_path, files, zipped=zipped)
    assert says in str(caught.value)


def test_no_zip_file_at_all(tmp_path: Path) -> None:
    (tmp_path / "roster.zip").write_text("x")
    with pytest.raises(FactsError, match="is no folder and no readable zip file"):
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
def test_settings_that_make_no_sense(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    (tmp_path / "icaccess.yaml").write_bytes(msgspec.json.encode({"sources": [{**SERVICE[0], **changes}]}))
    with pytest.raises(ConfigError) as caught:
        open_sources(load_config(tmp_path))
    assert says in str(caught.value)
