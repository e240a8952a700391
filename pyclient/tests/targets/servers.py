"""Real servers on loopback for the targets: several of SCIM, and slapd."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ldap3
import pytest

from tests.stores import free_port

PATHS = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"
TOKEN = "sample-token"
_OPENSSL = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
)


class ScimServer:
    """A scim2-server of our own, and the few things that a test does to it behind icaccess's back."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition("/")[0].partition(":")
        return host, int(port)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"},
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            content = response.read()
        return json.loads(content) if content else None

    def user(self, name: str, **more: Any) -> str:
        """Make a user; gives the server's id."""
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, **more}
        if any(key.startswith("urn:") for key in more):
            body["schemas"] += [key for key in more if key.startswith("urn:")]
        return self.call("POST", "/Users", body)["id"]

    def group(self, name: str, members: list[str] = ()) -> str:
        """Make a group; gives the server's id."""
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{"value": member} for member in members],
        }
        return self.call("POST", "/Groups", body)["id"]

    def join(self, group: str, members: list[str]) -> None:
        self._patch(group, {"op": "add", "path": "members", "value": [{"value": one} for one in members]})

    def leave(self, group: str, member: str) -> None:
        self._patch(group, {"op": "remove", "path": f'members[value eq "{member}"]'})

    def _patch(self, group: str, operation: dict[str, Any]) -> None:
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        self.call("PATCH", f"/Groups/{group}", {"schemas": schemas, "Operations": [operation]})

    def members(self, group: str) -> set[str]:
        return {member["value"] for member in self.call("GET", f"/Groups/{group}").get("members", [])}


@contextmanager
def running_scim() -> Iterator[ScimServer]:
    """scim2-server as a process, empty."""
    port = free_port()
    command = ["-m", "scim2_server.testserver.cli", "--port", str(port), "--bearer-token", TOKEN]
    with running([sys.executable, *command], port):
        yield ScimServer(f"http://127.0.0.1:{port}")


@contextmanager
def running_django() -> Iterator[ScimServer]:
    """A site of django-scim2 as a process, empty."""
    if find_spec("django_scim") is None:
        pytest.skip("needs django-scim2: it is not installed (make setup)")
    port = free_port()
    with running([sys.executable, "-m", "tests.targets.django_site", str(port), TOKEN], port):
        yield ScimServer(f"http://127.0.0.1:{port}/scim/v2")


SCIMMY = ("scimmy-routers@1.3.2", "scimmy@1.3.5", "express@4.22.3")


@contextmanager
def running_scimmy(folder: Path) -> Iterator[ScimServer]:
    """A site of scimmy-routers as a process, empty; npm installs it in the folder, once."""
    npm = shutil.which("npm") or pytest.skip("needs scimmy-routers: npm is not on PATH")
    if not (folder / "node_modules" / "scimmy-routers").exists():
        told = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", *SCIMMY]
        done = subprocess.run(told, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs scimmy-routers: npm cannot install it: {done.stderr[:200]}")
    shutil.copy(Path(__file__).with_name("scimmy.mjs"), folder)
    port = free_port()
    with running(["node", folder / "scimmy.mjs", str(port), TOKEN], port):
        yield ScimServer(f"http://127.0.0.1:{port}/scim/v2")


ADMIN = "cn=admin,dc=example,dc=org"
PASSWORD = "sample-password"
PEOPLE = "ou=people,dc=example,dc=org"
GROUPS = "ou=groups,dc=example,dc=org"

_SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
{more}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
{tls}
database mdb
suffix dc=example,dc=org
rootdn {admin}
rootpw {password}
directory {folder}/data
"""


# The part of Active Directory's schema that matters here: groups may be empty, people have a sAMAccountName.
_ACTIVE_DIRECTORY = """
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY sAMAccountName )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY member )
"""


class Slapd:
    """A slapd of our own, and the few things that a test does to it behind icaccess's back."""

    def __init__(self, port: int, tls_port: int, certificate: Path) -> None:
        self.certificate = certificate
        self.port = port
        self.url = f"ldap://127.0.0.1:{port}"
        self.tls_url = f"ldaps://127.0.0.1:{tls_port}"
        self.connection = ldap3.Connection(
            ldap3.Server("127.0.0.1", port, get_info=ldap3.NONE), ADMIN, PASSWORD, auto_bind=True
        )
        self.entry("dc=example,dc=org", ["dcObject", "organization"], o="Sample")
        self.entry(PEOPLE, ["organizationalUnit"])
        self.entry(GROUPS, ["organizationalUnit"])

    def entry(self, dn: str, classes: list[str], **attributes: Any) -> str:
        assert self.connection.add(dn, classes, attributes), self.connection.result
        return dn

    def members(self, group: str) -> set[str]:
        self.connection.search(group, "(objectClass=*)", ldap3.BASE, attributes=["member"])
        return set(self.connection.response[0]["attributes"].get("member", []))

    def empty(self) -> None:
        """Remove every person and group."""
        for base in (GROUPS, PEOPLE):
            self.connection.search(base, "(objectClass=*)", ldap3.LEVEL)
            for found in list(self.connection.response):
                self.connection.delete(found["dn"])


@contextmanager
def running_slapd(folder: Path, *, active_directory: bool = False) -> Iterator[Slapd]:
    """slapd as a process, with its base entries; with Active Directory's classes where asked."""
    program = shutil.which("slapd", path=PATHS)
    if program is None:
        pytest.skip("needs slapd: it is not on PATH (apt-get install slapd)")
    (folder / "data").mkdir(parents=True)
    port, tls_port = free_port(), free_port()
    ldap, ldaps = f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}"
    certificate = self_signed(folder)
    tls = f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {folder / 'key.pem'}"
    more = _ACTIVE_DIRECTORY if active_directory else ""
    (folder / "slapd.conf").write_text(
        _SLAPD_CONF.format(folder=folder, admin=ADMIN, password=PASSWORD, more=more, tls=tls)
    )
    with running([program, "-d", "0", "-f", folder / "slapd.conf", "-h", f"{ldap}/ {ldaps}/"], port):
        server = Slapd(port, tls_port, certificate)
        yield server
        server.connection.unbind()


@contextmanager
def running(command: list[Any], port: int, host: str = "127.0.0.1") -> Iterator[None]:
    """A process that listens on a port, until the end of the block."""
    environment = {**os.environ, "PATH": PATHS, "PYTHONPATH": str(Path(__file__).parents[2])}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment)
    try:
        wait_for(port, process, host)
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[Any], host: str = "127.0.0.1") -> None:
    """Wait until somebody listens on a port of loopback."""
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        assert process.poll() is None, "the server ended at once"
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def self_signed(folder: Path, host: str = "127.0.0.1") -> Path:
    """A certificate for an address that nobody signed; its key is `key.pem` beside it."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [*_OPENSSL, "-addext", f"subjectAltName=IP:{host}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate
