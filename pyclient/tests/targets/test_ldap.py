"""Directory groups on a real slapd, in both styles, and over a connection that breaks."""

from __future__ import annotations

import gc
import socket
import threading
from itertools import count

import pytest

from icaccess.config import Secret, load_config
from icaccess.errors import ConfigError, TargetError
from icaccess.models import Access
from icaccess.targets.interface import Change, Result
from icaccess.targets.ldap import LdapSettings, LdapTarget
from icaccess.targets.ldap_directory import Directory
from icaccess.targets.settings import open_target
from tests.naming import mostly_slow
from tests.scripted import ScriptedClient, do, people, states
from tests.targets.servers import ADMIN, GROUPS, PASSWORD, PEOPLE, running_slapd

NOBODY = "cn=nobody,dc=example,dc=org"

# ldap3 lets go of a socket that broke, or that it did not trust, without closing it; Python does so for it.
pytestmark = [
    pytest.mark.xdist_group("ldap"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _collected():
    yield
    gc.collect()


class Style:
    """How a kind of directory writes people and groups."""

    def __init__(self, server, *, active_directory):
        self.server = server
        self.active_directory = active_directory
        self.attribute = "sAMAccountName" if active_directory else "uid"

    def person(self, name, **more):
        kind = "user" if self.active_directory else "inetOrgPerson"
        return self.server.entry(f"cn={name},{PEOPLE}", [kind], sn=name, **{self.attribute: name}, **more)

    def group(self, name, members=()):
        kind = "group" if self.active_directory else "groupOfNames"
        members = list(members) or ([] if self.active_directory else [NOBODY])
        more = {"member": members} if members else {}
        return self.server.entry(f"cn={name},{GROUPS}", [kind], **more)

    def target(self, group, *, url=None, password=PASSWORD, ca=None, seconds=60, **more):
        defaults = {
            "placeholder": None if self.active_directory else NOBODY,
            "attribute": self.attribute,
            "accounts": PEOPLE,
            "bind_dn": ADMIN,
        }
        settings = LdapSettings(
            url=url or self.server.url,
            password=Secret(password),
            match="username",
            **{"group": group, **defaults, **more},
        )
        directory = Directory(settings.url, settings.bind_dn, password, ca=ca, answer_seconds=seconds)
        return LdapTarget(settings, directory)


@pytest.fixture(scope="module", params=["groupOfNames", "Active Directory"])
def module_style(request, tmp_path_factory):
    active_directory = request.param == "Active Directory"
    with running_slapd(tmp_path_factory.mktemp("slapd") / "x", active_directory=active_directory) as server:
        yield Style(server, active_directory=active_directory)


@pytest.fixture
def style(module_style):
    """The directory, emptied."""
    module_style.server.empty()
    return module_style


def grant(account, *locations):
    after = Access(held=True, locations=locations)
    return Change(action="grant", employee_id="1", account=account, before=None, after=after)


def revoke(account):
    return Change(action="revoke", employee_id="1", account=account, before=Access(held=True), after=None)


def test_members_come_and_go(style):
    dns = [style.person(f"user{n}") for n in range(3)]
    group = style.group("ic", [dns[0]])
    ldap = style.target(group)
    assert ldap.listing().held == {"user0": Access(held=True)}
    for _ in range(2):
        assert [one.state for one in ldap.apply([grant("user1"), grant("user2")], "b")] == ["made"] * 2
        assert style.server.members(group) == set(dns)
    ldap.listing()
    for _ in range(2):
        assert [one.state for one in ldap.apply([revoke("user0")], "b")] == ["made"]
        assert style.server.members(group) == set(dns[1:])
    ldap.close()


def test_the_last_member_can_go(style):
    one = style.person("jo")
    group = style.group("ic", [one])
    ldap = style.target(group)
    ldap.listing()
    assert [one.state for one in ldap.apply([revoke("jo")], "b")] == ["made"]
    assert ldap.listing().held == {}
    assert style.server.members(group) == (set() if style.active_directory else {NOBODY})
    ldap.close()


def test_the_last_member_stays(style):
    refused = "a groupOfNames may not lose its last member; set target.ldap.placeholder to a DN"
    group = style.group("ic", [style.person("jo")])
    ldap = style.target(group, placeholder=None)
    ldap.listing()
    assert [(one.state, one.note) for one in ldap.apply([revoke("jo")], "b")] == [
        ("made", "") if style.active_directory else ("unclear", refused)
    ]
    ldap.close()


def test_one_group_for_each_location(style):
    jo = style.person("jo")
    groups = {place: style.group(f"ic {place}") for place in ("210", "211", "212")}
    ldap = style.target(None, location_groups=groups)
    assert [one.state for one in ldap.apply([grant("jo", "210", "211")], "b")] == ["made"]
    assert ldap.listing().held == {"jo": Access(held=True, locations=("210", "211"))}
    assert [one.state for one in ldap.apply([grant("jo", "212")], "b")] == ["made"]
    assert ldap.listing().held == {"jo": Access(held=True, locations=("212",))}
    assert style.server.members(groups["212"]) >= {jo}
    ldap.close()


def test_an_account_is_never_guessed(style):
    style.person("jo", employeeNumber="7")
    style.person("mo", employeeNumber="7")
    group = style.group("ic")
    ldap = style.target(group, attribute="employeeNumber")
    results = list(ldap.apply([grant("7"), grant("8"), grant("*"), grant("7)(cn=*")], "b"))
    assert [one.note for one in results] == [
        "2 entries have the employeeNumber 7; exactly one is needed",
        "no entries have the employeeNumber 8; exactly one is needed",
        "no entries have the employeeNumber *; exactly one is needed",
        "no entries have the employeeNumber 7)(cn=*; exactly one is needed",
    ]
    assert {one.state for one in results} == {"failed"}
    ldap.close()


def test_names_of_other_spellings(style):
    style.person("Jo Sample")
    group = style.group("ic", [f"CN=jo sample , {PEOPLE.upper()}"])
    ldap = style.target(group)
    assert ldap.listing().held == {"jo sample": Access(held=True)}
    ldap.close()


def test_unnamed_members(style):
    nested = style.group("nested", [style.person("mo")])
    unit = style.server.entry(f"cn=printer,{GROUPS}", ["device"])
    group = style.group("ic", ["cn=gone,dc=example,dc=org", nested, unit, style.person("jo")])
    ldap = style.target(group)
    ldap.max_unnamed = 0.8
    listing = ldap.listing()
    assert listing.held == {"jo": Access(held=True)}
    assert {one.member: one.why for one in listing.unnamed} == {
        "cn=gone,dc=example,dc=org": "no such entry, or it is hidden",
        nested: "a group: its members hold access through it, and are not looked at",
        unit: f"an entry that shows no {style.attribute}, or is not under {PEOPLE}",
    }
    assert {one.groups for one in listing.unnamed} == {(group,)}
    ldap.close()


def test_too_many_unnamed_members(style):
    group = style.group("ic", [style.person(f"user{n}") for n in range(5)])
    ldap = style.target(group, attribute="employeeNumber")
    with pytest.raises(
        TargetError, match=r"5 of 5 members have no account, such as .cn=user0,.*correct `match`"
    ):
        ldap.listing()
    ldap.close()


def test_more_people_than_fit_on_a_page(style):
    dns = [style.person(f"u{n}") for n in range(520)]
    group = style.group("ic", dns)
    ldap = style.target(group)
    listing = ldap.listing()
    assert (len(listing.held), listing.unnamed) == (520, ())
    assert listing.proof == (
        f"every page of 520 entries under {PEOPLE} and each group ended with success; "
        "520 members and 520 accounts"
    )
    ldap.close()


class BreakingProxy:
    """Passes TCP on; `fault` says what happens to the next modify: cut before or after it, or no answer."""

    MODIFY = 0x66  # the tag of a ModifyRequest, RFC 4511 §4.6

    def __init__(self, port):
        self.upstream = port
        self.faults = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream))
            state = {"drop": False, "answered": threading.Event()}
            threading.Thread(target=self.up, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self.down, args=(client, server, state), daemon=True).start()

    def up(self, client, server, state):
        try:
            while data := client.recv(65536):
                if self.is_modify(data) and self.faults:
                    fault = self.faults.pop(0)
                    if fault == "cut before":
                        break
                    state["drop"] = True
                    server.sendall(data)
                    if fault == "cut after":
                        state["answered"].wait(60)
                        break
                    continue
                server.sendall(data)
        except OSError:
            pass
        client.close()
        server.close()

    def down(self, client, server, state):
        try:
            while data := server.recv(65536):
                if state["drop"]:
                    state["answered"].set()
                else:
                    client.sendall(data)
        except OSError:
            return

    def is_modify(self, data):
        # SEQUENCE, length, INTEGER id, then the operation's tag
        at = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
        return data[at] == 2 and data[at + 2 + data[at + 1]] == self.MODIFY

    def close(self):
        self.listener.close()


@pytest.mark.parametrize(
    ("fault", "times"),
    mostly_slow(
        [("cut before", 1), ("cut before", 20), ("cut after", 1), ("no answer", 1), ("cut after", 20)],
        quick=4,
    ),
)
def test_a_connection_that_breaks(style, sqlite_store, fault, times):
    dns = [style.person(f"user{n}") for n in range(4)]
    group = style.group("ic", dns[2:])
    proxy = BreakingProxy(style.server.port)
    proxy.faults = [fault] * times
    client = ScriptedClient({"0": ("210",), "1": ("210",), "3": ("210",)})
    records = people("0", "1", "2", "3")
    ldap = style.target(group, url=proxy.url, seconds=3 if fault == "no answer" else 60)
    _, summary = do(sqlite_store, ldap, client, records)
    ended = {employee: state for _, employee, state in states(sqlite_store)}
    shown = style.server.members(group) - {NOBODY}
    for number, dn in enumerate(dns[:3]):
        changed = (dn in shown) == (number != 2)
        assert ended[str(number)] == ("verified" if changed else "failed")
    assert summary.complete == (fault != "cut before" or times == 1)
    proxy.faults = []
    fresh, summary = do(sqlite_store, ldap, client, records)
    assert (summary.complete, fresh.drift) == (True, ())
    assert style.server.members(group) - {NOBODY} == {dns[0], dns[1], dns[3]}
    ldap.close()
    proxy.close()


class TestBadInput:
    def test_wrong_credentials(self, style):
        group = style.group("ic")
        with pytest.raises(TargetError, match="refuses these credentials") as caught:
            style.target(group, password="wrong-secret").listing()
        assert "wrong-secret" not in str(caught.value)

    def test_no_group(self, style):
        ldap = style.target(f"cn=none,{GROUPS}")
        with pytest.raises(
            TargetError, match=rf"has no entry cn=none,{GROUPS} \(noSuchObject\), or hides it"
        ):
            ldap.listing()
        ldap.close()

    def test_no_people(self, style):
        ldap = style.target(style.group("ic", [style.person("jo")]), accounts="ou=none,dc=example,dc=org")
        with pytest.raises(TargetError, match=r"has no entry ou=none,dc=example,dc=org \(noSuchObject\)"):
            ldap.listing()
        ldap.close()

    def test_a_group_that_went_away(self, style):
        group = style.group("ic")
        style.person("jo")
        ldap = style.target(group)
        ldap.listing()
        style.server.connection.delete(group)
        results = ldap.apply([grant("jo"), grant("jo")], "b")
        said = f"there is no group {group}; correct target.ldap"
        assert next(results) == Result("unclear", f"{style.server.url}: {said}")
        assert next(results).note.startswith("not tried, since an earlier change ended with: ")
        with pytest.raises(TargetError, match=said):
            next(results)
        ldap.close()

    def test_nobody_there(self, style):
        with pytest.raises(TargetError, match="nobody answers there"):
            style.target(f"cn=ic,{GROUPS}", url="ldap://127.0.0.1:9").listing()

    def test_a_self_signed_certificate(self, style):
        group = style.group("ic")
        with pytest.raises(TargetError, match="its certificate is self-signed"):
            style.target(group, url=style.server.tls_url).listing()

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"url": "h"}, "target.ldap.url: is not the URL of a directory"),
            ({"url": "ldaps://h:99999"}, "is not the URL of a directory; write ldaps://HOST or"),
            ({"url": "ldaps://h:0"}, "target.ldap.url: is not the URL of a directory"),
            ({"url": "ldap://h"}, "target.ldap.url: would send the password in the clear"),
            ({"password": "hunter2"}, "target.ldap.password: a secret is written out"),
            ({"password": None}, "target.ldap.password: is required"),
            ({"accounts": None}, "target.ldap.accounts: is required"),
            ({"group": None}, "target.ldap: names no group"),
            ({"group": "ic"}, "'ic' is not a DN"),
            ({"location_groups": f"{{'210': 'CN=ic, {GROUPS}'}}"}, "names the group .* twice"),
            ({"attribute": "'a)(b'"}, "is not the name of an attribute"),
            ({"ca": "none.pem"}, "there is no file"),
        ],
        ids=count(),
    )
    def test_bad_settings(self, tmp_path, sqlite_store, monkeypatch, changed, said):
        monkeypatch.setenv("T", "hunter2")
        settings = {
            "url": "ldaps://h",
            "bind_dn": ADMIN,
            "password": "${T}",
            "accounts": PEOPLE,
            "group": f"cn=ic,{GROUPS}",
            **changed,
        }
        lines = [f"    {name}: {value}\n" for name, value in settings.items() if value is not None]
        (tmp_path / "icaccess.yaml").write_text("target:\n  kind: ldap\n  ldap:\n" + "".join(lines))
        with pytest.raises(ConfigError, match=said) as caught:
            open_target(load_config(tmp_path), sqlite_store)
        assert "hunter2" not in str(caught.value)


def test_a_certificate_that_is_trusted(style):
    group = style.group("ic")
    ldap = style.target(group, url=style.server.tls_url, ca=style.server.certificate)
    assert ldap.listing().held == {}
    ldap.close()
