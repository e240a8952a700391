"""Directories as sites run them, each a process on loopback in a folder of its own: slapd with limits and
overlays, 389 Directory Server, and Samba as a domain controller of Active Directory.

They are filled and read with OpenLDAP's own commands, so that another client than icaccess's says what is
there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stores import free_port
from tests.targets.servers import PATHS, running, self_signed

BASE = "dc=example,dc=org"
PASSWORD = "Sample-Passw0rd"  # good enough for Active Directory


class Site:
    """One directory: how icaccess is to reach it, and what another client finds there."""

    def __init__(
        self, url: str, admin: str, *, base: str = BASE, ca: Path | None = None, **target: Any
    ) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2]) if url.count(":") > 1 else None
        self.admin = admin
        self.base = base
        self.ca = ca
        self.group = f"cn=ic,ou=groups,{base}"
        self.settings = {
            "url": url,
            "password": "${LDAP_PASSWORD}",
            "accounts": f"ou=people,{base}",
            "group": self.group,
            "match": "username",
            **({"ca": str(ca)} if ca else {}),
            **target,
        }

    def ldap(self, program: str, *arguments: str, given: str = "") -> str:
        """What one of OpenLDAP's commands writes."""
        environment = {**os.environ, **({"LDAPTLS_CACERT": str(self.ca)} if self.ca else {})}
        done = subprocess.run(
            [program, "-x", "-H", self.url, "-D", self.admin, "-w", PASSWORD, *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, *entries: str) -> None:
        self.ldap("ldapadd", given="\n\n".join(entries) + "\n")

    def values(self, dn: str, attribute: str) -> set[str]:
        """The values of one attribute of one entry."""
        found = self.ldap("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", dn, "-s", "base", attribute)
        start = f"{attribute}: "
        return {line.removeprefix(start) for line in found.splitlines() if line.startswith(start)}

    def members(self) -> set[str]:
        """The names of the group's members."""
        names = {value.partition(",")[0].partition("=")[2] for value in self.values(self.group, "member")}
        return names - {"nobody"}

    def fill(self, people: int, members: int, *, kind: str = "inetOrgPerson", name: str = "uid") -> None:
        """Users `user1` … and the group with the first of them in it."""
        self.add(
            *(f"dn: ou={ou},{self.base}\nobjectClass: organizationalUnit" for ou in ("people", "groups"))
        )
        of_names = kind == "inetOrgPerson"
        self.add(
            *(
                f"dn: {self.person(n)}\nobjectClass: {kind}\n{name}: user{n}"
                + (f"\ncn: user{n}\nsn: {n}" if of_names else "")
                for n in range(1, people + 1)
            )
        )
        some = [f"member: {self.person(n)}" for n in range(1, members + 1)]
        group = "groupOfNames" if of_names else "group"
        self.add("\n".join([f"dn: {self.group}", f"objectClass: {group}", *some]))

    def person(self, number: int) -> str:
        return f"cn=user{number},ou=people,{self.base}"


_SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
pidfile {folder}/slapd.pid
database mdb
suffix {base}
rootdn cn=admin,{base}
rootpw {password}
directory {folder}/data
access to dn.subtree=ou=groups,{base} by dn.exact=cn=icaccess,{base} write by * read
access to * by anonymous auth by * read
{limits}
overlay memberof
overlay refint
refint_attributes member memberOf
refint_nothing cn=nobody,{base}
"""


@contextmanager
def slapd_site(folder: Path, *, limits: str = "", port: int | None = None) -> Iterator[Site]:
    """slapd with the overlays memberof and refint, its own limits or others, and its data kept."""
    program = shutil.which("slapd", path=PATHS) or pytest.skip("needs slapd: it is not on PATH")
    new = not (folder / "data").exists()
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "slapd.conf").write_text(
        _SLAPD.format(folder=folder, base=BASE, password=PASSWORD, limits=limits)
    )
    port = port or free_port()
    url = f"ldap://127.0.0.1:{port}"
    with running([program, "-d", "0", "-f", folder / "slapd.conf", "-h", url], port):
        admin = f"cn=admin,{BASE}"
        site = Site(url, admin, bind_dn=f"cn=icaccess,{BASE}", placeholder=f"cn=nobody,{BASE}")
        if new:
            site.add(
                f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Sample",
                f"dn: cn=icaccess,{BASE}\nobjectClass: organizationalRole\n"
                f"objectClass: simpleSecurityObject\nuserPassword: {PASSWORD}",
            )
        yield site


_DS = """
[general]
full_machine_name = localhost
strict_host_checking = False
start = False
selinux = False
systemd = False
[slapd]
instance_name = icaccess
port = {port}
secure_port = 0
self_sign_cert = False
root_password = {password}
user = {user}
group = {user}
"""
_DS_PLACES = {
    "config_dir": "etc", "cert_dir": "etc", "schema_dir": "etc/schema", "db_dir": "db", "db_home_dir": "db",
    "ldif_dir": "ldif", "backup_dir": "backup", "run_dir": "run", "lock_dir": "lock", "log_dir": "log",
    "tmp_dir": "tmp",
}  # fmt: skip


@contextmanager
def ds_site(folder: Path) -> Iterator[Site]:
    """389 Directory Server, made by `dscreate` in the folder and started without a service manager."""
    if shutil.which("dscreate", path=PATHS) is None:
        pytest.skip("needs 389-ds-base: dscreate is not on PATH")
    if os.getuid() != 0:
        pytest.skip("needs root: dscreate makes a directory for root alone")
    port = free_port()
    answers = _DS.format(port=port, password=PASSWORD, user="root")
    answers += "".join(f"{name} = {folder}/{place}\n" for name, place in _DS_PLACES.items())
    folder.mkdir(parents=True)
    (folder / "answers.inf").write_text(answers + f"ldapi = {folder}/run/ds.socket\n")
    # dscreate ends with an error, since it looks for what it made in /etc; what it made is whole.
    subprocess.run(
        ["dscreate", "from-file", folder / "answers.inf"],
        check=False,
        capture_output=True,
        env={**os.environ, "PATH": PATHS},
    )
    hashed = subprocess.run(
        ["pwdhash", "-s", "SSHA512", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    settings = folder / "etc" / "dse.ldif"
    lines = settings.read_text().replace("\n ", "").splitlines()
    settings.write_text(
        "\n".join(f"nsslapd-rootpw: {hashed}" if one.startswith("nsslapd-rootpw:") else one for one in lines)
        + "\n"
    )
    # Without a file for its process id it takes /dev/null for one, and leaves that to root alone.
    server = [shutil.which("ns-slapd", path=PATHS), "-D", folder / "etc", "-d", "0", "-i", folder / "pid"]
    with running(server, port):
        admin = "cn=Directory Manager"
        site = Site(f"ldap://127.0.0.1:{port}", admin, bind_dn=f"cn=icaccess,{BASE}")
        site.add(
            "dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config\nobjectClass: extensibleObject\n"
            f"objectClass: nsBackendInstance\nnsslapd-suffix: {BASE}",
            'dn: cn="dc=example,dc=org",cn=mapping tree,cn=config\nobjectClass: extensibleObject\n'
            "objectClass: nsMappingTree\nnsslapd-state: backend\nnsslapd-backend: userRoot",
            f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Sample\n"
            'aci: (targetattr="*")(version 3.0; acl "icaccess"; allow (read, search, compare, write) '
            f'userdn="ldap:///cn=icaccess,{BASE}";)',
            f"dn: cn=icaccess,{BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
            f"userPassword: {PASSWORD}",
        )
        yield site


_DOMAIN = "DC=ad,DC=example,DC=org"
_HOST = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
"""Samba serves port 389 and no other; an address of loopback that nothing else takes has it free."""


@contextmanager
def samba_site(folder: Path) -> Iterator[Site]:
    """Samba as the domain controller of a new domain, of which only the directory is started, with TLS."""
    if shutil.which("samba", path=PATHS) is None or not Path("/usr/share/samba/setup/ad-schema").exists():
        pytest.skip("needs samba-ad-provision: Samba's domain controller is not installed")
    if os.getuid() != 0:
        pytest.skip("needs root: a domain controller serves port 389")
    folder.mkdir(parents=True)
    certificate = self_signed(folder, _HOST)
    (folder / "key.pem").chmod(0o600)
    options = {
        "interfaces": f"{_HOST}/8",
        "bind interfaces only": "yes",
        "server services": "ldap",
        "pid directory": f"{folder}/state",
        "ncalrpc dir": f"{folder}/state/ncalrpc",
        "log file": f"{folder}/state/log",
        "tls certfile": str(certificate),
        "tls keyfile": f"{folder}/key.pem",
        "tls cafile": str(certificate),
    }
    made = subprocess.run(
        [
            *("samba-tool", "domain", "provision", "--realm=AD.EXAMPLE.ORG", "--domain=EXAMPLE"),
            *("--server-role=dc", "--dns-backend=NONE", "--host-name=dc1", f"--host-ip={_HOST}"),
            *(f"--targetdir={folder}/domain", f"--adminpass={PASSWORD}"),
            *(f"--option={name}={value}" for name, value in options.items()),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    command = ["samba", "--foreground", "--no-process-group", "--model=single"]
    with running([*command, f"--configfile={folder}/domain/etc/smb.conf"], 636, _HOST):
        admin = r"EXAMPLE\Administrator"
        yield Site(
            f"ldaps://{_HOST}", admin, base=_DOMAIN, ca=certificate, bind_dn=admin, attribute="sAMAccountName"
        )
