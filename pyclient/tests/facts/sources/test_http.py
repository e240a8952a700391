"""JSON APIs: every way of paging, credentials, and the one line for each answer that cannot be believed."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from icaccess.errors import ConfigError, FactsError
from tests.facts.feeds import SOURCES, employee, folder, merged
from tests.facts.sources.servers import Asked, Reply, Running, serving
from tests.naming import named_by_last
from tests.stores import free_port
from tests.targets.servers import wait_for

ROWS = [
    {"person": {"no": str(number)}, "title": f"T{number}", "site": "210", "since": "2020-01-01"}
    for number in (1, 2, 3)
]
API: dict[str, Any] = {
    "type": "http", "name": "jobs", "gives": "assignments", "key": {"id": "person.no"},
    "fields": {"role": "title", "location": "site", "start": "since"},
}  # fmt: skip


def read(tmp_path: Path, url: str, **changes: Any) -> Any:
    sources = [*SOURCES[:2], {**API, "url": url, **changes}, *SOURCES[3:]]
    return merged(folder(tmp_path, sources=sources))


def titles(tmp_path: Path, url: str, **changes: Any) -> list[str]:
    records, _ = read(tmp_path, url, **changes)
    return [employee(records, identifier)["assignments"][0]["role"] for identifier in ("1", "2", "3")]


def refusal(tmp_path: Path, url: str, **changes: Any) -> str:
    with pytest.raises(FactsError) as caught:
        read(tmp_path, url, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def paged(asked: Asked, size: int) -> list[dict[str, Any]]:
    offset = int(asked.query.get("offset", 0))
    return ROWS[offset : offset + size]


def by_offset(asked: Asked) -> Reply:
    return Reply(paged(asked, 2))


def by_offset_with_total(asked: Asked) -> Reply:
    return Reply(paged(asked, 2), headers={"X-Total-Count": "3"})


def by_page(asked: Asked) -> Reply:
    page = int(asked.query["page"])
    return Reply({"data": {"list": ROWS[2 * page - 2 : 2 * page]}, "count": 3})


def by_cursor(asked: Asked) -> Reply:
    at = int(asked.query.get("cursor", 0))
    return Reply({"list": ROWS[at : at + 2], "next": str(at + 2) if at + 2 < 3 else None})


def by_link(asked: Asked) -> Reply:
    at = int(asked.query.get("at", 0))
    host = asked.headers["host"]
    return Reply(ROWS[at : at + 2], headers={"Link": f'<http://{host}/jobs?at={at + 2}>; rel="next"'})


def by_relative_link(asked: Asked) -> Reply:
    at = int(asked.query.get("at", 0))
    links = f'</jobs?at=0>; rel="first", </jobs?at={at + 2}>; REL="last Next"'
    return Reply(ROWS[at : at + 2], headers={"Link": links} if at < 2 else {})


def test_half_a_character_is_the_rows_own_mistake(tmp_path: Path) -> None:
    with serving(lambda _: Reply([ROWS[0], {**ROWS[1], "title": "\ud800"}, ROWS[2]])) as server:
        records, _ = read(tmp_path, server.url)
    assert "jobs row 2: role: holds half of a character" in records["2"].problem
    assert employee(records, "3")["assignments"]
    with serving(lambda _: Reply([{**ROWS[0], "person": {"no": "\ud800"}}])) as server:
        _, source = read(tmp_path, server.url)
    assert "id holds half of a character" in next(iter(source.issues()))


def test_what_is_no_url(tmp_path: Path) -> None:
    assert "is not a URL that can be asked" in refusal(tmp_path, "127.0.0.1/jobs")


def a_number_in_place_of_text(_: Asked) -> Reply:
    return Reply([{**row, "person": {"no": int(row["person"]["no"])}} for row in ROWS])  # type: ignore[index]


@pytest.mark.parametrize(
    ("answer", "changes"),
    [
        (lambda _: Reply(ROWS), {}),
        (lambda _: Reply({"value": ROWS}), {"items": "value"}),
        (by_offset, {"paging": {"style": "offset", "size": 2}}),
        (by_offset_with_total, {"paging": {"style": "offset", "size": 2}}),
        (by_page, {"items": "data.list", "total": "count", "paging": {"style": "page", "size": 2}}),
        (by_cursor, {"items": "list", "paging": {"style": "cursor", "next_cursor": "next"}}),
        (by_link, {"paging": {"style": "link"}}),
        (by_relative_link, {"paging": {"style": "link", "size": 2}}),
        (lambda asked: by_offset(asked)._replace(status=206), {"paging": {"style": "offset", "size": 2}}),
        (a_number_in_place_of_text, {}),
    ],
)
def test_each_way_to_page(tmp_path: Path, answer: Callable[[Asked], Reply], changes: dict[str, Any]) -> None:
    with serving(answer) as server:
        assert titles(tmp_path, f"{server.url}/jobs", **changes) == ["T1", "T2", "T3"]


def test_a_bearer_token_basic_credentials_and_their_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        good = asked.headers.get("authorization") in ("Bearer t0ken", "Basic dTpw")
        return Reply(ROWS) if good else Reply({"imsx_StatusInfo": {"imsx_description": "no"}}, 403)

    monkeypatch.setenv("TOKEN", "t0ken")
    monkeypatch.setenv("WRONG", "wr0ng")
    monkeypatch.setenv("PASSWORD", "p")
    with serving(answer) as server:
        assert titles(tmp_path, server.url, auth={"type": "bearer", "token": "${TOKEN}"}) == [
            "T1",
            "T2",
            "T3",
        ]
        basic = {"type": "basic", "username": "u", "password": "${PASSWORD}"}
        assert titles(tmp_path, server.url, auth=basic) == ["T1", "T2", "T3"]
        for auth in (None, {"type": "bearer", "token": "${WRONG}"}):
            said = refusal(tmp_path, server.url, auth=auth)
            assert "refuses the credentials (403); renew or correct them" in said
            assert "wr0ng" not in said


def test_a_token_that_expires_while_paging_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            assert asked.body["grant_type"] == "client_credentials"
            issued.append(f"token{len(issued)}")
            return Reply({"access_token": issued[-1], "token_type": "Bearer", "expires_in": 3600})
        expected = "token0" if asked.query.get("offset") == "0" else "token1"
        if asked.headers.get("authorization") != f"Bearer {expected}":
            return Reply({"error": "expired"}, 401)
        return Reply(paged(asked, 2), headers={"X-Total-Count": "3"})

    monkeypatch.setenv("CLIENT_SECRET", "s3cret")
    with serving(answer) as server:
        auth = {
            "type": "oauth2",
            "token_url": f"{server.url}/token",
            "client_id": "c",
            "client_secret": "${CLIENT_SECRET}",
        }
        assert titles(tmp_path, server.url, auth=auth, paging={"style": "offset", "size": 2}) == [
            "T1",
            "T2",
            "T3",
        ]
    assert issued == ["token0", "token1"]


def test_a_token_service_that_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "s3cret")
    with serving(lambda _: Reply({"error": "invalid_client"}, 401)) as server:
        auth = {
            "type": "oauth2",
            "token_url": f"{server.url}/token",
            "client_id": "c",
            "client_secret": "${CLIENT_SECRET}",
        }
        said = refusal(tmp_path, server.url, auth=auth)
    assert "/token: gives no token: 'invalid_client" in said
    assert "s3cret" not in said


def test_a_rate_limit_is_obeyed(tmp_path: Path) -> None:
    def answer(_: Asked) -> Reply:
        return Reply("slower", 429, {"Retry-After": "1"}) if len(server.asked) == 1 else Reply(ROWS)

    with serving(answer) as server:
        began = time.monotonic()
        assert titles(tmp_path, server.url) == ["T1", "T2", "T3"]
        assert time.monotonic() - began >= 1


HTML = Reply("<!doctype html><form>Log in</form>", headers={"Content-Type": "text/html"})
PAGES = {"style": "offset", "size": 2}


def repeating(_: Asked) -> Reply:
    return Reply(ROWS[:2])


def endless(asked: Asked) -> Reply:
    at = int(asked.query["offset"])
    return Reply([{**ROWS[0], "person": {"no": str(at)}}])


MANY = [{**ROWS[number % 3], "no": number} for number in range(9)]


def sorted_anew(asked: Asked) -> Reply:
    at = int(asked.query["offset"])
    return Reply((MANY if at == 0 else MANY[::-1])[at : at + 5], headers={"X-Total-Count": "9"})


def failing_at_the_end(asked: Asked, **error: Any) -> Reply:
    return Reply({"list": paged(asked, 2)} if asked.query["offset"] == "0" else {"list": [], **error})


def changing(asked: Asked) -> Reply:
    return Reply(paged(asked, 2), headers={"X-Total-Count": "3" if asked.query["offset"] == "0" else "4"})


@named_by_last(
    ("answer", "changes", "says"),
    [
        (lambda _: HTML, {}, "answered with a web page instead of JSON; is it a log-in page?"),
        (lambda _: Reply("<html>"), {}, "answered with a web page instead of JSON"),
        (lambda _: Reply('[{"person": {"no'), {}, "answered with something other than JSON, or cut short"),
        (lambda _: Reply(None), {}, "answered with something other than JSON, or cut short"),
        (lambda _: Reply("null"), {}, "answered with null; correct the URL, or try again"),
        (lambda asked: Reply(paged(asked, 2) if asked.query["offset"] == "0" else "null"), {"paging": PAGES}, "answered with null"),
        (lambda _: Reply({"jobs": ROWS}), {}, "holds no list at '@'; correct `items`"),
        (lambda _: Reply(None, 204), {}, "jobs: has no rows, at least 1 were expected"),
        (lambda _: Reply({"error": {"message": "gone"}}, 410), {}, "answered 410"),
        (lambda _: Reply({"imsx_StatusInfo": {"imsx_Description": "bad filter"}}, 400), {}, "answered 400: 'bad filter'"),
        (lambda _: Reply({"IMSX_description": "bad limit"}, 400), {}, "answered 400: 'bad limit'"),
        (lambda _: Reply("down", 503), {}, "answered 503"),
        (lambda _: Reply(ROWS, headers={"X-Total-Count": "4"}), {}, "jobs: gave 3 rows but says that it holds 4"),
        (lambda _: Reply(ROWS, headers={"X-Total-Count": "2"}), {}, "gave 3 rows and more, but says that it holds 2"),
        (lambda _: Reply(ROWS, headers={"X-Total-Count": "all"}), {}, "gives 'all' as its number of rows"),
        (repeating, {"paging": PAGES}, "repeats an earlier one; correct the paging, or try again"),
        (endless, {"paging": {**PAGES, "max_pages": 5}}, "does not end after 5 pages; correct `paging`"),
        (sorted_anew, {"paging": PAGES}, ": 4 rows came again on a later page, and as many may have come on none; let the server sort"),
        (lambda asked: failing_at_the_end(asked, error="timeout"), {"paging": PAGES, "items": "list"}, "answered 200 with an error: 'timeout'; try again"),
        (lambda asked: failing_at_the_end(asked, errors=[{"message": "x"}]), {"paging": PAGES, "items": "list"}, "answered 200 with an error: "),
        (lambda _: Reply(ROWS, 206), {}, "answered with a part of its rows (206); declare `paging`"),
        (lambda _: Reply(ROWS, 202), {}, "answered 202; correct the URL, or try again"),
        (lambda _: Reply(None, 304), {}, "answered 304; correct the URL, or try again"),
        (changing, {"paging": PAGES}, "changed from 3 rows to 4 while read; try again"),
        (lambda _: Reply(ROWS, headers={"Link": '<http://example.org/>; rel="next"'}), {"paging": {"style": "link"}}, "names a next page on another server, 'http://example.org/'; it is not followed"),
        (lambda _: Reply(ROWS), {"fields": {**API["fields"], "end": "until"}}, "no row has the field 'until', which the settings name"),
        (lambda _: Reply(ROWS), {"expect": {"columns": ["campus"]}}, "no row has the field 'campus'"),
        (lambda _: Reply(ROWS), {"key": {"id": "employee.no"}}, "no row has the field 'employee', which the settings name"),
        (lambda _: Reply([*ROWS, 7]), {}, "jobs row 4: is not a JSON object; correct the row"),
        (lambda _: Reply([{**ROWS[0], "since": 1577836800000}]), {}, "start '1577836800000' is a date in a form that is not declared"),
        (lambda _: Reply([{**ROWS[0], "since": "01/02/2020"}]), {}, "start '01/02/2020' is a date in a form that is not declared"),
    ],
)  # fmt: skip
def test_a_bad_answer_stops_the_run(
    tmp_path: Path, answer: Callable[[Asked], Reply], changes: dict[str, Any], says: str
) -> None:
    with serving(answer) as server:
        assert says in refusal(tmp_path, server.url, **changes)


def test_what_is_secret_in_a_url_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: HTML) as server:
        monkeypatch.setenv("API", server.url.replace("//", "//user:hunter2@") + "/jobs?apikey=hunter2")
        said = refusal(tmp_path, "${API}")
    assert f"jobs: {server.url}/jobs: answered with a web page" in said
    said = refusal(tmp_path, "${API}")
    assert "nothing answers there" in said
    assert "hunter2" not in said
    with pytest.raises(ConfigError, match="a password is written out in this URL") as caught:
        read(tmp_path, "http://user:hunter2@127.0.0.1/")
    assert "hunter2" not in str(caught.value)


def test_nobody_there_and_nobody_answering(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "nothing answers there" in refusal(tmp_path, url)
        silent.listen()
        assert "did not answer within 0.05 s" in refusal(tmp_path, url, timeout_seconds=0.05)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"items": "a["}, "jobs: items: 'a[' is not a JMESPath expression"),
        ({"fields": {"role": "title["}}, "jobs: 'title[' is not a JMESPath expression"),
        ({"paging": {"style": "cursor"}}, "jobs: paging.next_cursor: is required with the style cursor"),
        (
            {"auth": {"type": "bearer", "token": "t0ken"}},
            "sources[2].auth.token: a secret is written out here",
        ),
    ],
)
def test_settings_without_sense(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "http://127.0.0.1:1/", **changes)
    assert says in str(caught.value)
    assert "t0ken" not in str(caught.value)


@contextmanager
def nginx(directory: Path, tls: Path | None = None) -> Iterator[Running]:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("needs nginx: a real server for conditional requests and TLS")
    port = free_port()
    (directory / "logs").mkdir()
    secure = f"ssl_certificate {tls}/cert.pem; ssl_certificate_key {tls}/key.pem;" if tls else ""
    # Started as root, nginx would serve as somebody who may not look into the test's folder.
    user = "user root; " if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"{user}daemon off; pid {directory}/pid; error_log {directory}/logs/error.log; events {{}}\n"
        f"http {{ access_log {directory}/logs/access.log; client_body_temp_path {directory}/body; proxy_temp_path {directory}/p;"
        f" fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;\n"
        f"server {{ listen 127.0.0.1:{port}{' ssl' if tls else ''}; {secure} root {directory}/www; default_type application/json; }} }}\n"
    )
    with subprocess.Popen(
        [program, "-p", str(directory), "-c", f"{directory}/nginx.conf"], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield Running(f"{'https' if tls else 'http'}://127.0.0.1:{port}", [])
        finally:
            process.terminate()


def www(directory: Path) -> None:
    (directory / "www").mkdir(parents=True)
    rows = ",".join(
        f'{{"person": {{"no": "{n}"}}, "title": "T{n}", "site": "210", "since": "2020-01-01"}}'
        for n in (1, 2, 3)
    )
    (directory / "www" / "jobs").write_text(f"[{rows}]")


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    server_folder = tmp_path / "nginx"
    www(server_folder)
    cache = tmp_path / "cache"
    with nginx(server_folder) as server:
        for _ in range(2):
            assert titles(tmp_path, f"{server.url}/jobs", cache=str(cache)) == ["T1", "T2", "T3"]
        (kept,) = cache.iterdir()
        assert kept.stat().st_mode & 0o077 == 0
        log = (server_folder / "logs" / "access.log").read_text()
        assert [line.split('"')[2].split()[0] for line in log.splitlines()] == ["200", "304"]
        two_days_ago = time.time() - 48 * 3600
        os.utime(server_folder / "www" / "jobs", (two_days_ago, two_days_ago))
        said = refusal(tmp_path, f"{server.url}/jobs", expect={"max_age_hours": 1})
        assert "jobs: is 48 hours old, at most 1 are allowed" in said


def test_a_certificate_that_does_not_verify(tmp_path: Path) -> None:
    server_folder = tmp_path / "nginx"
    www(server_folder)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sample")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with nginx(server_folder, tls=tmp_path) as server:
        assert "correct it, or name its authority's certificate as `ca_file`" in refusal(
            tmp_path, f"{server.url}/jobs"
        )
        assert titles(tmp_path, f"{server.url}/jobs", ca_file="cert.pem") == ["T1", "T2", "T3"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"where": {"length(site.x)": ["3"]}}, "jobs: row 1: 'length(site.x)' does not fit it; correct"),
        ({"key": {"id": "sort(site)[0]"}}, "jobs: row 1: 'sort(site)[0]' does not fit it; correct"),
        ({"fields": {**API["fields"], "role": "join('', site)"}}, """jobs row 1: "join('', site)" does not fit"""),
        ({"items": "sort_by(@, &no)"}, "items: 'sort_by(@, &no)' does not fit it; correct"),
        ({"items": "no_function(@)"}, "items: 'no_function(@)' does not fit it; correct"),
        ({"total": "cuont"}, "gives no number of rows where `total` says; correct it"),
        ({"total": "length(`1`)"}, "total: 'length(`1`)' does not fit it; correct"),
        ({"total": "`1e999`"}, "gives inf as its number of rows; correct `total`"),
    ],
)  # fmt: skip
def test_an_expression_misfits(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with serving(lambda _: Reply(ROWS)) as server:
        said = refusal(tmp_path, server.url, **changes)
    assert says in said
    assert "210" not in said


@pytest.mark.parametrize("zone", [" GMT", " -0000", ""])
def test_an_old_answer_is_refused(tmp_path: Path, zone: str) -> None:
    old = {"Last-Modified": f"Wed, 21 Oct 2015 07:28:00{zone}"}
    with serving(lambda _: Reply(ROWS, headers=old)) as server:
        said = refusal(tmp_path, server.url, expect={"max_age_hours": 36})
    assert "hours old, at most 36 are allowed; get a new one" in said
