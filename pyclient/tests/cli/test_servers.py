"""`icaccess adopt`, `plan` and `apply` on servers of several makers, read back by `ldapsearch` and `curl`."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager

import pytest

from icaccess.config import load_config
from icaccess.targets.settings import open_target
from tests.cli.test_changes import icaccess  # noqa: F401 (the fixture)
from tests.cli.test_targets import LATELY, configured, person  # noqa: F401 (the fixture)
from tests.targets.directories import BASE, PASSWORD, ds_site, samba_site, slapd_site
from tests.targets.servers import TOKEN, running_django, running_scim, running_scimmy

pytestmark = pytest.mark.slow

LEAVE, JOIN = 2, 10
"""How many of the members are to go, and how many others are to come."""
UNLIMITED = f"limits dn.onelevel={BASE} size=unlimited size.prtotal=unlimited"


@pytest.fixture
def facts(tmp_path):
    return tmp_path / "facts.jsonl"


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)


def write(facts, people, members):
    """Facts of so many people, of whom the first are members; gives the names of those who are to be."""
    approved = {*range(LEAVE + 1, members + 1), *range(people - JOIN + 1, people + 1)}
    found = [person(str(number), approved=number in approved) for number in range(1, people + 1)]
    facts.write_text("".join(json.dumps(one) + "\n" for one in found))
    return {f"user{number}" for number in approved}


def is_brought_to_what_the_policy_says(run, tmp_path, wanted, members):
    """Adopt, plan, apply and verify; `members` is what another client reads."""
    code, out, err = run("adopt")
    assert (code, out.startswith(f"Adopted {len(members())} who hold access at "), err) == (0, True, "")
    saved = tmp_path / "plan.json"
    code, out, _ = run("plan", "--out", saved, "--detailed-exitcode")
    assert (code, f"{LEAVE} revocations, 0 updates, {JOIN} grants" in out) == (2, True)
    code, out, err = run("apply", saved, "--yes")
    assert (code, out.splitlines()[-1], err) == (0, f"Run 2: {LEAVE + JOIN} verified.", "")
    assert members() == wanted
    code, out, _ = run("plan", "--detailed-exitcode")
    assert (code, "Nothing to do." in out) == (0, True)


def listed(tmp_path, store):
    target = open_target(load_config(tmp_path / "config"), store)
    try:
        return target.listing()
    finally:
        target.close()


def section(site):
    return f"target: {json.dumps({'kind': 'ldap', 'ldap': site.settings})}\n"


def test_openldap_with_its_limits_and_with_overlays(configured, facts, tmp_path):  # noqa: F811
    wanted = write(facts, 1200, 600)
    folder = tmp_path / "slapd"
    with slapd_site(folder) as site:
        site.fill(1200, 600)
        run = configured(section(site))
        code, out, err = run("adopt")
        assert (code, out) == (1, "")
        assert "gave 500 entries under ou=people,dc=example,dc=org and no more (sizeLimitExceeded)" in err
        assert err.endswith(f"ask for a higher size limit for cn=icaccess,{BASE}\n")
    with slapd_site(folder, limits=UNLIMITED, port=site.port) as site:
        is_brought_to_what_the_policy_says(run, tmp_path, wanted, site.members)
        assert site.values(site.person(1200), "memberOf") == {site.group}
        assert site.values(site.person(1), "memberOf") == set()
        site.ldap("ldapdelete", site.person(3))  # who leaves the group with it: refint
        code, out, err = run("apply", "--yes")
        assert code == 4
        assert "Changed outside this system (1):\n  3  taken" in out
        assert "no entries have the uid user3; exactly one is needed" in out

        reader = f"cn=reader,{BASE}"
        site.add(
            f"dn: {reader}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
            f"userPassword: {PASSWORD}"
        )
        site.settings["bind_dn"] = reader
        lines = facts.read_text().splitlines(keepends=True)
        gone = {**json.loads(lines[3]), "employment": [{"start": "2019-08-01", "end": LATELY}]}
        facts.write_text("".join([*lines[:3], json.dumps(gone) + "\n", *lines[4:]]))
        (tmp_path / "config" / "icaccess.yaml").write_text(section(site))
        before = site.members()
        code, out, err = run("apply", "--yes")
        assert (code, site.members() == before, err.count("\n")) == (4, True, 1)
        assert f"{reader} may not change {site.group}; ask for the right to write its `member`" in err
    with slapd_site(folder, limits=f"security simple_bind=128\n{UNLIMITED}", port=site.port):
        is_told_that_the_bind_needs_tls(run)


def is_told_that_the_bind_needs_tls(run):
    code, out, err = run("plan")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "wants TLS (confidentialityRequired): write ldaps:// in target.ldap.url, or set target" in err


def test_389_directory_server(configured, facts, tmp_path):  # noqa: F811
    wanted = write(facts, 1200, 600)
    with ds_site(tmp_path / "ds") as site:
        site.fill(1200, 600)
        run = configured(section(site))
        is_brought_to_what_the_policy_says(run, tmp_path, wanted, site.members)
        secure = "replace: nsslapd-require-secure-binds\nnsslapd-require-secure-binds: on\n"
        site.ldap("ldapmodify", given=f"dn: cn=config\nchangetype: modify\n{secure}")
        is_told_that_the_bind_needs_tls(run)


def test_a_domain_controller_of_active_directory(configured, facts, tmp_path, sqlite_store):  # noqa: F811
    wanted = write(facts, 60, 30)
    with samba_site(tmp_path / "samba") as site:
        site.fill(60, 30, kind="user", name="sAMAccountName")
        run = configured(section(site))
        is_brought_to_what_the_policy_says(run, tmp_path, wanted, site.members)

        nested = f"cn=office,ou=groups,{site.base}"
        site.add(f"dn: {nested}\nobjectClass: group\nmember: {site.person(1)}")
        change = f"dn: {site.group}\nchangetype: modify\nadd: member\nmember: {nested}\n"
        site.ldap("ldapmodify", given=change)
        [unnamed] = listed(tmp_path, sqlite_store).unnamed
        assert unnamed.member == f"CN=office,OU=groups,{site.base}"
        assert unnamed.why == "a group: its members hold access through it, and are not looked at"

        for login in ("Administrator@ad.example.org", f"CN=Administrator,CN=Users,{site.base}"):
            site.settings["bind_dn"] = login
            (tmp_path / "config" / "icaccess.yaml").write_text(section(site))
            assert len(listed(tmp_path, sqlite_store).held) == len(wanted)

        everybody = f"CN=Domain Users,CN=Users,{site.base}"
        site.settings["group"] = everybody
        (tmp_path / "config" / "icaccess.yaml").write_text(section(site))
        assert site.values(everybody, "member") == set()
        listing = listed(tmp_path, sqlite_store)
        assert len(listing.held) == 60
        assert {one.member.partition(",")[0] for one in listing.unnamed} >= {"CN=Administrator"}


@contextmanager
def scimmy_site(config):
    with running_scimmy(config.cache.mkdir("scimmy")) as server:
        yield server


SCIM = {"scim2-server": running_scim, "django-scim2": running_django, "scimmy-routers": scimmy_site}


@pytest.mark.parametrize("name", SCIM)
def test_scim_servers(configured, facts, tmp_path, request, name):  # noqa: F811
    wanted = write(facts, 230, 120)
    with SCIM[name](*([request.config] if name == "scimmy-routers" else [])) as server:
        ids = {f"user{n}": server.user(f"user{n}") for n in range(1, 231)}
        group = server.group("IC", [])
        server.join(group, [ids[f"user{n}"] for n in range(1, 121)])

        def members():
            asked = ["curl", "-sS", "-H", f"Authorization: Bearer {TOKEN}", f"{server.url}/Groups/{group}"]
            found = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
            names = {one: name for name, one in ids.items()}
            return {names[one["value"]] for one in found["members"]}

        settings = {"url": server.url, "token": "${SCIM_TOKEN}", "group": "IC", "match": "username"}
        settings["remove"] = "value" if name == "django-scim2" else "filter"
        run = configured(f"target: {json.dumps({'kind': 'scim', 'scim': settings})}\n")
        is_brought_to_what_the_policy_says(run, tmp_path, wanted, members)
