"""The one HTTP session, against servers on loopback that behave and that do not."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from icaccess.config import Secret, SecretUrl
from icaccess.config.auth import ApiKey, Auth, Basic, Bearer, OAuth2
from icaccess.config.secrets import shown_url
from icaccess.errors import HttpError, HttpSettingsError
from icaccess.http import RETRY, HttpClient, Response, is_loopback, same_origin
from tests.facts.sources.servers import Asked, Reply, serving

TOKEN = Bearer(token=Secret("t0ken"))


def get(url: str, auth: Auth | None = None, path: str = "/", **options: Any) -> Response:
    with HttpClient(auth, **options) as http:
        return http.request("GET", url + path)


def refusal(url: str, auth: Auth | None = None, **options: Any) -> str:
    with pytest.raises(HttpError) as caught:
        get(url, auth, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def raw(*parts: bytes, pause: float = 0.0, times: int = 1) -> Iterator[str]:
    """A server that writes these bytes, one part after the other, whatever it is asked."""

    def serve() -> None:
        for _ in range(times):
            with suppress(OSError):
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.recv(1 << 16)
                    for part in parts:
                        connection.sendall(part)
                        stop.wait(pause)

    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("auth", "header", "sent"),
    [
        (TOKEN, "authorization", "Bearer t0ken"),
        (Basic(username="Zoë", password=Secret("päss")), "authorization", "Basic Wm/Dqzpww6Rzcw=="),
        (ApiKey(key=Secret("k")), "x-api-key", "k"),
        (ApiKey(key=Secret("k"), name="Ocp-Key"), "ocp-key", "k"),
    ],
)
def test_where_credentials_go(auth: Auth, header: str, sent: str) -> None:
    with serving(lambda _: Reply([])) as server:
        get(server.url, auth)
    assert server.asked[0].headers[header] == sent


def test_an_api_key_may_go_into_the_query() -> None:
    with serving(lambda _: Reply([])) as server:
        get(server.url, ApiKey(key=Secret("k y"), name="key", in_="query"), path="/jobs?a=1")
    assert server.asked[0].query == {"a": "1", "key": "k y"}


@pytest.mark.parametrize("credentials", ["basic", "form"])
def test_client_credentials_are_exchanged_for_a_token(credentials: Any) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(
                {"access_token": f"t{len(server.asked)}", "token_type": "Bearer", "expires_in": 3600}
            )
        # The first token expires before its time.
        return Reply({}, 401 if asked.headers["authorization"] == "Bearer t1" else 200)

    with serving(answer) as server, HttpClient(oauth2(server.url, credentials=credentials)) as http:
        assert [http.request("GET", server.url + "/jobs").status for _ in range(2)] == [200, 200]
    asked = [(a.path, a.headers.get("authorization")) for a in server.asked]
    basic = "Basic YzpzM2NyZXQ=" if credentials == "basic" else None
    assert asked == [
        ("/token", basic), ("/jobs", "Bearer t1"), ("/token", basic), ("/jobs", "Bearer t3"),
        ("/jobs", "Bearer t3"),
    ]  # fmt: skip
    form = {"client_id": "c", "client_secret": "s3cret"} if credentials == "form" else {}
    assert server.asked[0].body == {"grant_type": "client_credentials", "scope": "roster"} | form


def oauth2(url: str, **changes: Any) -> OAuth2:
    token_url = SecretUrl(url + "/token?appName=hunter2")
    return OAuth2(
        token_url=token_url, client_id="c", client_secret=Secret("s3cret"), scope="roster", **changes
    )


def test_a_token_that_ran_out_is_renewed_before_it_is_sent() -> None:
    def answer(asked: Asked) -> Reply:
        token = {"access_token": f"t{len(server.asked)}", "token_type": "Bearer", "expires_in": 1}
        return Reply(token if asked.path == "/token" else {})

    with serving(answer) as server, HttpClient(oauth2(server.url)) as http:
        for _ in range(2):
            http.request("GET", server.url + "/jobs")
    assert [a.headers["authorization"] for a in server.asked if a.path == "/jobs"] == [
        "Bearer t1",
        "Bearer t3",
    ]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            Reply({"error": "invalid_client", "error_description": "no\x1b[31m\nsuch client"}, 401),
            "invalid_client",
        ),
        (Reply("<html>log in", headers={"Content-Type": "text/html"}), "gives no token"),
        (Reply("down", 500), "gives no token: HTTP 500; check the client's id, secret and scope"),
        (Reply({"expires_in": 3}), "has no `access_token`"),
        (Reply({"access_token": "t", "expires_in": "soon"}), "gives no token"),
        (Reply(None, 302, {"Location": "https://example.org/"}), "redirects"),
    ],
)
def test_a_token_service_that_gives_none(reply: Reply, says: str) -> None:
    with serving(lambda _: reply) as server:
        said = refusal(server.url, oauth2(server.url))
    assert f"{server.url}/token: " in said
    assert says in said
    assert said.isprintable()
    assert "hunter2" not in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "auth",
    [TOKEN, Basic(username="u", password=Secret("p")), ApiKey(key=Secret("k")), oauth2("http://example.org")],
)
def test_a_secret_goes_over_https_or_to_this_machine(auth: Auth) -> None:
    said = refusal("http://example.org", auth)
    assert "example.org" in said
    assert "a secret would go there unencrypted; write https://" in said


def test_a_password_in_the_url_is_a_secret() -> None:
    said = refusal("http://user:hunter2@example.org")
    assert said.startswith("http://example.org/: is not asked, since a secret would go there unencrypted")


def test_a_proxy_never_sees_a_secret_in_the_clear() -> None:
    with serving(lambda _: Reply([])) as proxy:
        assert "unencrypted" in refusal("http://127.0.0.1:9/", TOKEN, proxy=proxy.url)
        assert get("http://example.org/", proxy=proxy.url).status == 200
    assert [asked.headers["host"] for asked in proxy.asked] == ["example.org"]


def test_nothing_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(lambda _: Reply([])) as server:
        get(server.url, TOKEN)
        get(server.url)
    assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer t0ken", None]


def test_no_redirect_is_followed() -> None:
    with serving(lambda _: Reply([])) as other:
        there = Reply(None, 307, {"Location": f"{other.url}/jobs?key=hunter2"})
        with serving(lambda _: there) as server:
            said = refusal(server.url, TOKEN)
    assert f"redirects to '{other.url}/jobs', which is not followed; set the URL that answers" in said
    assert other.asked == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_proxy_answered_is_sent_again(status: int) -> None:
    with serving(lambda _: Reply([], status if len(server.asked) < 3 else 200)) as server:
        assert get(server.url, retry=RETRY.new(backoff_factor=0)).status == 200
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "wait", ["", "0.5", "-1", "soon", "2026-11-30T00:00:00Z", "Mon, 30 Nov 99999 00:00:00"]
)
def test_a_time_to_wait_that_is_none_is_left_out(wait: str) -> None:
    def answer(_: Asked) -> Reply:
        return Reply([], 503 if len(server.asked) < 2 else 200, {"Retry-After": wait})

    with serving(answer) as server:
        assert get(server.url, retry=RETRY.new(backoff_factor=0)).status == 200


def test_what_was_not_answered_in_time_is_not_asked_again() -> None:
    arrived, ended = threading.Event(), threading.Event()

    def answer(_: Asked) -> Reply:
        arrived.set()
        ended.wait(60)
        return Reply([])

    with serving(answer) as server:
        assert "did not answer within 0.3 s" in refusal(server.url, timeout=0.3, retry=RETRY.new(read=2))
        assert arrived.wait(60)
        ended.set()
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
def test_any_other_answer_is_given_at_once(status: int) -> None:
    with serving(lambda _: Reply({"a": 1}, status)) as server:
        response = get(server.url)
    assert (response.status, response.content, response.content_type) == (
        status,
        b'{"a": 1}',
        "application/json",
    )
    assert len(server.asked) == 1


def test_a_server_that_goes_on_failing_is_answered_with_its_last_word() -> None:
    with serving(lambda _: Reply("down", 503)) as server:
        assert get(server.url, retry=RETRY.new(backoff_factor=0)).content == b"down"
    assert len(server.asked) == 4


def test_a_body_goes_with_a_prepared_request_as_often_as_wanted() -> None:
    with serving(lambda asked: Reply(asked.body)) as server, HttpClient(TOKEN) as http:
        prepared = http.prepare("POST", server.url)
        contents = [http.send(prepared, body).content for body in (b"a=1", b"b=22")]
    assert contents == [b'{"a": "1"}', b'{"b": "22"}']


def test_the_next_page_is_named_by_a_link() -> None:
    headers = {"Link": '<http://a/?p=1>; rel="prev", <http://a/?p=3>; rel="next"'}
    with serving(lambda _: Reply([], headers=headers)) as server:
        assert get(server.url).next_url == "http://a/?p=3"
    with serving(lambda _: Reply([])) as server:
        assert get(server.url).next_url is None


ENDLESS = [b"x"] * 2000


@pytest.mark.parametrize(
    "parts",
    [
        [b"", *ENDLESS],
        [b"HTTP/1.1 200 OK\r\nX-A: ", *ENDLESS],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", *ENDLESS],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\n \r\n"] * 2000],
    ],
    ids=["status", "headers", "body", "chunks"],
)
def test_an_answer_that_trickles_is_given_up_in_time(parts: list[bytes]) -> None:
    with raw(*parts, pause=0.05) as url:
        began = time.monotonic()
        assert "did not answer within 0.3 s; check the server's load and log" in refusal(url, timeout=0.3)
        assert time.monotonic() - began < 60  # without a deadline it takes 100


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "without response'); try again, and check the server's log"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "ended the connection before its answer was complete",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ended the connection before"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "ended the connection before its answer was complete"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            "incorrect header check'); try again, and check the server's log",
        ),
    ],
    ids=map(str, count()),
)
def test_a_broken_answer(answer: bytes, says: str) -> None:
    with raw(answer) as url:
        assert says in refusal(url)


def test_what_unpacks_to_too_much_is_not_read() -> None:
    packed = gzip.compress(bytes(1 << 20))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with raw(head.encode(), packed) as url:
        assert "answers with more than 1,000 bytes; ask for less at a time" in refusal(url, max_bytes=1000)


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        said = refusal(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "nothing answers there ([Errno 111] Connection refused); check the address and the server" in said
    assert "nothing answers there" in refusal("http://no-such-host.invalid")


@pytest.mark.parametrize(
    "url", ["localhost", "ftp://localhost/", "http://", "http://[::1", "127.0.0.1:1/jobs"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(
        HttpSettingsError, match=r"is not a URL that can be asked \(.*\); write https://HOST/PATH"
    ):
        get(url, path="")


def test_a_secret_that_no_header_can_carry() -> None:
    with serving(lambda _: Reply([])) as server:
        for secret in ("pa\nss", "日本"):
            assert "holds a character that HTTP cannot carry" in refusal(
                server.url, Bearer(token=Secret(secret))
            )


def test_a_file_of_certificates_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with raw(b"", times=2) as url:
        for name in ("ca.pem", "gone.pem"):
            with pytest.raises(
                HttpSettingsError, match=r"is not asked \(.*\); correct the files of certificates"
            ):
                get(url.replace("http:", "https:"), ca=tmp_path / name)


def test_a_folder_is_no_file_of_certificates(tmp_path: Path) -> None:
    with pytest.raises(HttpSettingsError, match=f"^sample.ca: {tmp_path} is a folder; name a file of"):
        HttpClient(ca=tmp_path, ca_setting="sample.ca")


def test_a_server_that_speaks_no_tls() -> None:
    with raw(b"HTTP/1.1 400 Bad Request\r\n\r\n", times=4) as url:
        said = refusal(url.replace("http:", "https:"), retry=RETRY.new(total=0))
    assert "TLS failed" in said


def test_what_is_shown_of_a_url() -> None:
    assert (
        shown_url("https://user:hunter2@example.org:8443/a?key=hunter2#hunter2")
        == "https://example.org:8443/a"
    )
    assert shown_url("https://example.org/a;key=hunter2") == "https://example.org/a"
    assert shown_url("http://[::1") == "a URL"


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://u:hunter2@127.0.0.1/", "https://u:hunter2@127.0.0.1:bad/", "x://127.0.0.1/a;key=hunter2"),
        *("x://127.0.0.1/a?sig=hunter2", "x://127.0.0.1/a#hunter2", "http://u:hunter2@[::1/"),
    ],
)
def test_a_url_that_a_library_repeats_keeps_its_secret(url: str) -> None:
    assert "hunter2" not in refusal(url, path="")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/", True), ("http://127.8.9.1", True), ("http://[::1]:1/", True),
        ("http://localhost.example.org", False), ("http://10.0.0.1", False), ("http://opa:8181", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(url: str, *, here: bool) -> None:
    assert is_loopback(url) is here


def test_what_is_one_server() -> None:
    assert same_origin("https://a/x", "https://a/y?z")
    assert not same_origin("https://a/", "https://a:8443/")
    assert not same_origin("https://a/", "http://a/")
