"""Real servers on loopback for the targets: scim2-server and slapd."""

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
from pathlib import Path
from typing import Any

import ldap3
import pytest

TOKEN = "sample-token"
_OPENSSL = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
    *("-addext", "subjectAltName=IP:127.0.0.1"),
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

    def leave(self, group: str, member: str) -> None:
        operation = {"op": "remove", "path": f'members[value eq "{member}"]'}
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        self.call("PATCH", f"/Groups/{group}", {"schemas": schemas, "Operations": [operation]})

    def members(self, group: str) -> set[str]:
        return {member["value"] for member in self.call("GET", f"/Groups/{group}").get("members", [])}


@contextmanager
def running_scim() -> Iterator[ScimServer]:
    """scim2-server as a process, empty."""
    from tests.stores import free_port

    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "scim2_server.testserver.cli", "--port", str(port), "--bearer-token", TOKEN],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("Serving SCIM on "), line
        yield ScimServer(line.removeprefix("Serving SCIM on ").strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


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
    program = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs slapd: it is not on PATH (apt-get install slapd)")
    from tests.stores import free_port

    (folder / "data").mkdir(parents=True)
    port, tls_port = free_port(), free_port()
    ldap, ldaps = f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}"
    certificate = self_signed(folder)
    tls = f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {folder / 'key.pem'}"
    more = _ACTIVE_DIRECTORY if active_directory else ""
    (folder / "slapd.conf").write_text(
        _SLAPD_CONF.format(folder=folder, admin=ADMIN, password=PASSWORD, more=more, tls=tls)
    )
    process = subprocess.Popen(
        [program, "-d", "0", "-f", folder / "slapd.conf", "-h", f"{ldap}/ {ldaps}/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        server = Slapd(port, tls_port, certificate)
        yield server
        server.connection.unbind()
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    """Wait until somebody listens on a port of loopback."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the server ended at once"
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key is `key.pem` beside it."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [*_OPENSSL, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate
