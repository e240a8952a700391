"""The service's log says what failed, and nothing about a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.config import Secret
from icaccess.config.auth import OAuth2
from icaccess.errors import ConfigError, FactsError, IcaccessError, StoreError
from icaccess.http import HttpClient
from icaccess.opa.client import AccessClient
from icaccess.service.log import event, service_log, told
from icaccess.targets.ldap import LdapSettings, LdapTarget
from icaccess.targets.ldap_directory import Directory
from icaccess.targets.scim import ScimSettings, ScimTarget
from icaccess.targets.scim_server import scim_http
from tests.facts.feeds import SOURCES, folder, merged
from tests.facts.sources.servers import Reply, serving
from tests.serving import in_thread
from tests.targets.odd_ldap import OddDirectory
from tests.targets.odd_scim import OddServer

BOTH_QUOTES = repr('it\'s a "long" one')


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            FactsError("jobs row 2: start 'Jane Doe <jane.doe@example.org>' is no date; correct the feed"),
            "jobs row 2: start … is no date; correct the feed",
        ),
        (FactsError('hr row 3: id "O\'Hara, Jane" is used already'), "hr row 3: id … is used already"),
        (FactsError(f"hr row 3: id {BOTH_QUOTES} is odd"), "hr row 3: id … is odd"),
        (FactsError("hr row 3: phone 7205551234 is not text"), "hr row 3: phone … is not text"),
        (FactsError("hr row 3: jane@example.org is unknown"), "hr row 3: … is unknown"),
        (FactsError("hr row 3: 'never closed, Jane"), "hr row 3: …"),
        (FactsError("the feed's rows and the store's are 12"), "the feed's rows and the store's are 12"),
        (StoreError(f"db: the store failed: {BOTH_QUOTES}"), "db: the store failed: …"),
        (ConfigError("icaccess.yaml line 3: guard: is absent"), "icaccess.yaml line 3: guard: is absent"),
    ],
)
def test_what_is_told_of_an_error(error: Exception, says: str) -> None:
    assert told(error) == says


def test_an_unforeseen_error_is_told_by_its_place_alone() -> None:
    with pytest.raises(ValueError, match="Jane") as caught:
        int("Jane Doe")
    assert told(caught.value).startswith("test_log.py line ")


WORDS = "Jane Doe jane@x.org is locked"
SCIM_TOKEN = Secret("sample")


def _json_api(folder_: Path, url: str) -> None:
    _read_source(folder_, {"type": "http", "name": "jobs", "gives": "assignments", "url": url})


def _oneroster(folder_: Path, url: str) -> None:
    _read_source(folder_, {"type": "oneroster", "name": "jobs", "gives": "assignments", "url": url})


def _read_source(folder_: Path, source: dict[str, object]) -> None:
    named = {"key": {"id": "no"}, "fields": {"role": "title", "location": "site", "start": "since"}}
    merged(folder(folder_, sources=[*SOURCES[:2], {**source, **named}, *SOURCES[3:]]))


def _scim(_: Path, url: str) -> None:
    ScimTarget(ScimSettings(url=url, group="G"), scim_http(SCIM_TOKEN, backoff=0)).listing()


def _token(_: Path, url: str) -> None:
    auth = OAuth2(token_url=Secret(f"{url}/token"), client_id="c", client_secret=Secret("s"))
    HttpClient(auth).request("GET", url)


def _opa(_: Path, url: str) -> None:
    AccessClient(url).revisions()


@pytest.mark.parametrize(
    ("ask", "status", "body"),
    [
        (_json_api, 500, {"error": WORDS}),
        (_oneroster, 500, {"imsx_StatusInfo": {"imsx_description": WORDS}}),
        (_scim, 400, {"detail": WORDS, "scimType": WORDS}),
        (_scim, 401, {"detail": WORDS}),
        (_scim, 500, {"detail": WORDS}),
        (_token, 400, {"error": WORDS, "error_description": WORDS}),
        (_opa, 400, {"code": "invalid_parameter", "message": WORDS}),
    ],
)
def test_the_log_holds_no_words_of_a_server(
    tmp_path: Path, ask: Callable[[Path, str], None], status: int, body: object
) -> None:
    with serving(lambda _: Reply(body, status)) as server:
        with pytest.raises(IcaccessError) as caught:
            ask(tmp_path, server.url)
        logged = told(caught.value)
    assert "Jane Doe" in str(caught.value)  # a person's own command shows it
    assert "Jane" not in logged
    assert "locked" not in logged
    assert "http://127.0.0.1:" in logged
    if ask is not _token:
        assert str(status) in logged


def test_the_log_names_no_member_of_a_scim_group_or_a_directory(tmp_path: Path) -> None:
    with in_thread(OddServer()) as scim, in_thread(OddDirectory()) as ldap:
        scim.group("G", [f"Jane Doe {number}" for number in range(3)])
        people, group = "ou=people,dc=example,dc=org", "cn=G,dc=example,dc=org"
        members = [f"cn=Jane Doe {number},{people}" for number in range(3)]
        ldap.entry(people, objectClass=["organizationalUnit"])
        ldap.entry(group, objectClass=["groupOfNames"], member=members)
        settings = LdapSettings(url=ldap.url, bind_dn=people, accounts=people, group=group)
        targets = [
            ScimTarget(ScimSettings(url=scim.url, group="G"), scim_http(SCIM_TOKEN)),
            LdapTarget(settings, Directory(ldap.url, people, "sample")),
        ]
        for target in targets:
            with pytest.raises(IcaccessError, match="Jane Doe") as caught:
                target.listing()
            target.close()
            assert "Jane" not in told(caught.value)
            assert "3 of 3 members have no account" in told(caught.value)
            assert "://127.0.0.1:" in told(caught.value)


def test_a_line_of_the_log_holds_no_character_that_a_terminal_obeys(
    capfd: pytest.CaptureFixture[str],
) -> None:
    event(service_log(), "run_failed", level=logging.ERROR, message="a\n\x1b[2J\x9b\u202e")
    line = capfd.readouterr().err
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert json.loads(line)["message"] == "a\n\x1b[2J\x9b\u202e"
