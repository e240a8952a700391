"""Each kind of witness against a real one on loopback: syslog sockets, HTTP, and OpenSSL's time stamps."""

from __future__ import annotations

import base64
import json
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from icaccess.audit.heads import HeadEntry, check_heads, check_receipts, hand_over, read_heads, record_key
from icaccess.config import Config, load_config
from icaccess.errors import AuditError, ConfigError
from icaccess.store.audit import newest
from icaccess.store.database import Store, open_store
from tests.audit.conftest import note
from tests.serving import in_thread
from tests.stores import free_port

Answer = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The URL of an HTTP server on loopback that answers POST requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(self, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


def configured(folder: Path, witness: dict[str, object]) -> Config:
    folder.mkdir(exist_ok=True)
    settings = {"audit": {"key": "../audit.key", "witnesses": [witness]}}
    (folder / "icaccess.yaml").write_text(json.dumps(settings))
    return load_config(folder)


def handed_over(folder: Path, witness: dict[str, object]) -> tuple[Config, HeadEntry, Store]:
    """Records one entry and hands its head over; gives what the record then says of it."""
    config = configured(folder / "config", witness)
    url = f"sqlite:///{folder}/icaccess.db"
    key = record_key(config, url, make=True)
    store = open_store(url, key=key)
    note(store, "one")
    hand_over(store, config, key)
    with store.reading() as connection:
        entry = newest(connection, "head")
    assert entry is not None
    return config, msgspec.convert(entry.body, HeadEntry), store


def test_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[tuple[str | None, str | None, bytes]] = []

    def keep(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        posted.append((request.headers["Authorization"], request.headers["Content-Type"], body))
        return 201, b"kept"

    monkeypatch.setenv("WITNESS_TOKEN", "t0ken")
    with serving(keep) as url:
        auth = {"type": "bearer", "token": "${WITNESS_TOKEN}"}
        config, entry, store = handed_over(tmp_path, {"type": "http", "url": url, "auth": auth})
    store.close()
    assert [receipt.receipt for receipt in entry.receipts] == ["201"]
    ((authorization, kind, body),) = posted
    assert (authorization, kind) == ("Bearer t0ken", "application/json")
    (tmp_path / "kept").write_bytes(body)
    key = record_key(config, "")
    assert key is not None
    check_heads(read_heads(tmp_path / "kept").heads, key)
    assert read_heads(tmp_path / "kept").heads == [entry.head]


def test_http_that_refuses_or_is_away(tmp_path: Path) -> None:
    with serving(lambda *_: (507, b"full")) as url:
        _, entry, store = handed_over(tmp_path, {"type": "http", "url": url})
    store.close()
    assert entry.receipts[0].problem == f"{url}: does not take the head: HTTP 507"
    away = tmp_path / "away"
    away.mkdir()
    _, entry, store = handed_over(away, {"type": "http", "url": f"http://127.0.0.1:{free_port()}/"})
    store.close()
    assert "nothing answers there" in entry.receipts[0].problem


@pytest.mark.parametrize("protocol", ["unix", "udp", "tcp"])
def test_syslog(tmp_path: Path, protocol: str) -> None:
    received: list[bytes] = []
    arrived = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data = (
                self.request[0] if isinstance(self.request, tuple) else self.request.makefile("rb").readline()
            )
            received.append(data)
            arrived.set()

    path = str(tmp_path / "log")
    server: socketserver.BaseServer
    if protocol == "unix":
        server = socketserver.UnixDatagramServer(path, Handler)
    elif protocol == "udp":
        server = socketserver.UDPServer(("127.0.0.1", 0), Handler)
    else:
        server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
    with in_thread(server):
        address = path if protocol == "unix" else f"127.0.0.1:{server.server_address[1]}"
        witness = {"type": "syslog", "address": address, "protocol": "tcp" if protocol == "tcp" else "udp"}
        config, entry, store = handed_over(tmp_path, witness)
        store.close()
        assert arrived.wait(60)
    assert entry.receipts[0].problem == ""
    assert received[0].startswith(b"<38>icaccess-audit: {")
    (tmp_path / "kept").write_bytes(received[0])
    key = record_key(config, "")
    assert key is not None
    check_heads(read_heads(tmp_path / "kept").heads, key)


@pytest.mark.parametrize("protocol", ["unix", "tcp"])
def test_syslog_that_is_away(tmp_path: Path, protocol: str) -> None:
    address = str(tmp_path / "log") if protocol == "unix" else f"127.0.0.1:{free_port()}"
    _, entry, store = handed_over(tmp_path, {"type": "syslog", "address": address, "protocol": "tcp"})
    store.close()
    assert entry.receipts[0].problem.startswith(f"syslog {address}: takes no head: ")


def test_syslog_at_a_name_that_none_can_have(tmp_path: Path) -> None:
    _, entry, store = handed_over(tmp_path, {"type": "syslog", "address": "a..b:514"})
    store.close()
    assert entry.receipts[0].problem.startswith("syslog a..b:514: takes no head: ")


@pytest.mark.parametrize("name", ["icaccess.db", "audit.key", "notes.txt"])
def test_a_file_of_something_else_gets_no_head(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("not a head\n")
    _, entry, store = handed_over(tmp_path, {"type": "file", "path": f"../{name}"})
    store.close()
    assert "holds something else than heads" in entry.receipts[0].problem
    assert b'{"at":"' not in (tmp_path / "audit.key").read_bytes()
    assert (tmp_path / "notes.txt").read_text() == "not a head\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a time-stamp authority made by OpenSSL."""
    if not shutil.which("openssl"):
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa = here\n[here]\nserial = serial\nsigner_cert = tsa.pem\n"
        "signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n"
        "digests = sha256, sha512\n"
        "accuracy = secs:1\nordering = yes\ntsa_name = yes\n"
        "ess_cert_id_chain = no\ness_cert_id_alg = sha256\n"
        "[stamps]\nbasicConstraints = critical,CA:false\nkeyUsage = critical,digitalSignature\n"
        "extendedKeyUsage = critical,timeStamping\n"
        "[root]\nbasicConstraints = critical,CA:true\nkeyUsage = critical,keyCertSign\n"
        "subjectKeyIdentifier = hash\n"
        "[req]\ndistinguished_name = name\n[name]\n"
    )
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 -subj /CN=Root"
        " -config ts.cnf -extensions root",
        "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=Stamps -config ts.cnf",
        "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 3650"
        " -extfile ts.cnf -extensions stamps",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


def stamp(authority: Path, query: bytes) -> bytes:
    (authority / "query.tsq").write_bytes(query)
    command = "ts -reply -config ts.cnf -queryfile query.tsq -out reply.tsr"
    subprocess.run(["openssl", *command.split()], cwd=authority, check=True, capture_output=True)
    return (authority / "reply.tsr").read_bytes()


def test_a_time_stamp_is_verified_when_it_comes_and_ever_after(tmp_path: Path, authority: Path) -> None:
    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        assert request.headers["Content-Type"] == "application/timestamp-query"
        return 200, stamp(authority, body)

    witness: dict[str, object] = {"type": "rfc3161", "ca_file": str(authority / "root.pem")}
    with serving(answer) as url:
        config, entry, store = handed_over(tmp_path, {**witness, "url": url})
    assert entry.receipts[0].problem == ""
    with store.reading() as connection:
        check_receipts(connection, config)
    # OpenSSL itself verifies what the record keeps.
    (tmp_path / "kept.tsr").write_bytes(base64.b64decode(entry.receipts[0].receipt))
    (tmp_path / "head").write_bytes(entry.head.short_line())
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "kept.tsr", "-data", "head", "-CAfile", authority / "root.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr
    # A stamp of another head is found, and so is another authority.
    forged = stamp(authority, _query(tmp_path, b"another head"))
    changed = msgspec.structs.replace(entry.receipts[0], receipt=base64.b64encode(forged).decode())
    service = config.section("audit", _settings()).witnesses[0]
    with pytest.raises(AuditError, match="its time stamp of the head does not verify"):
        service.check(changed.receipt, entry.head, config)
    store.close()


def _query(folder: Path, data: bytes) -> bytes:
    (folder / "data").write_bytes(data)
    command = "ts -query -data data -sha512 -cert -out query"
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return (folder / "query").read_bytes()


def _settings() -> type:
    from icaccess.audit.witnesses import AuditSettings

    return AuditSettings


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (lambda _tsa, _body: (200, b"no stamp"), "does not verify"),
        (lambda tsa, _body: (200, stamp(tsa, _query(tsa, b"something else"))), "does not verify"),
        (lambda _tsa, _body: (503, b""), "HTTP 503"),
    ],
    ids=["garbage", "another", "away"],
)
def test_a_time_stamp_that_is_none(tmp_path: Path, authority: Path, answers, says: str) -> None:
    with serving(lambda _request, body: answers(authority, body)) as url:
        witness = {"type": "rfc3161", "url": url, "ca_file": str(authority / "root.pem")}
        _, entry, store = handed_over(tmp_path, witness)
    store.close()
    assert says in entry.receipts[0].problem


@pytest.mark.parametrize(
    ("witness", "says"),
    [
        ({"type": "fax"}, "audit.witnesses[0].type"),
        ({"type": "file"}, "audit.witnesses[0].path: is required"),
        ({"type": "rfc3161", "url": "https://tsa.example.org", "ca_file": ""}, "ca_file"),
        ({"type": "http", "url": "https://u:secret@h/"}, "a password is written out"),
        ({"type": "syslog", "protocol": "smoke"}, "is not one of tcp, udp"),
        *(({"type": "file", "path": path}, "names no file") for path in ("", ".", "..", "/", "heads/", "~")),
        *(
            ({"type": kind, "url": url, "ca_file": "ca.pem"}, "the url is none of HTTP; write https://")
            for kind in ("http", "rfc3161")
            for url in (
                "",
                "heads",
                "ftp://heads.example.org/",
                "https://",
                "https://h:99999/",
                "https://[h/",
            )
        ),
        *(
            ({"type": "syslog", "address": address}, "is neither a socket such as /dev/log nor HOST:PORT")
            for address in ("", "log.example.org", "log.example.org:0", "log.example.org:99999", ":514")
        ),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, witness: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path / "config", witness).check()
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
