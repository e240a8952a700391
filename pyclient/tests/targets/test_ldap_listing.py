"""Listings of directories that stop early, refer elsewhere or hide something: proved, or refused."""

from __future__ import annotations

import socketserver
import ssl
import struct
import time
from contextlib import suppress

import pytest

from icaccess.config import Secret
from icaccess.errors import TargetError
from icaccess.recovery import look
from icaccess.targets.interface import Result
from icaccess.targets.ldap import LdapSettings, LdapTarget
from icaccess.targets.ldap_directory import Directory
from tests.naming import mostly_slow
from tests.scripted import ScriptedClient, do, people, states
from tests.serving import in_thread
from tests.targets.odd_ldap import OddDirectory
from tests.targets.servers import self_signed
from tests.targets.test_scim import grant, revoke

PEOPLE = "ou=people,dc=example,dc=org"
GROUP = "cn=ic,ou=groups,dc=example,dc=org"
ASKER = "cn=icaccess,dc=example,dc=org"

# ldap3 lets go of a socket that broke without closing it; Python does so for it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def odd():
    with in_thread(OddDirectory()) as server:
        members = [
            server.entry(f"uid=u{n},{PEOPLE}", uid=[f"u{n}"], primaryGroupID=["513"]) for n in range(12)
        ]
        server.entry(GROUP, objectClass=["top", "groupOfNames"], member=members[:8])
        yield server


def target(url, seconds=60, ca=None):
    settings = LdapSettings(
        url=url,
        bind_dn=ASKER,
        password=Secret("sample"),
        accounts=PEOPLE,
        group=GROUP,
        match="username",
    )
    return LdapTarget(settings, Directory(url, ASKER, "sample", answer_seconds=seconds, ca=ca))


@pytest.fixture
def ldap(odd):
    found = target(odd.url)
    yield found
    found.close()


@pytest.mark.parametrize(
    "damaged",
    mostly_slow(
        [
            b"\x30\x02\x1f\x00",
            b"\x30\x05\x02\x01\x02\x65\x00",
            b"\x30\x04\xff\xff\xff\xff",
            b"\x30\x05\x02\x01\x03\x67\x00",
        ],
        quick=2,
    ),
    ids=["high tag", "search", "noise", "change"],
)
def test_an_answer_that_is_not_ldap_is_one_line(odd, ldap, damaged):
    assert ldap.key("no DN") == "no DN"
    before = ldap.listing()
    odd.damaged = damaged
    refused(ldap, "what came is not LDAP; check the URL")
    (result,) = ldap.apply([grant("u9")], "b")
    assert "what came is not LDAP" in result.note
    odd.damaged = None
    assert ldap.listing().accounts == before.accounts


def test_an_entry_without_a_dn_is_not_the_group(odd, ldap):
    found = ldap.listing()
    assert found.accounts
    odd.renamed = {GROUP: "cn=ic,\u00aeu=groups"}
    refused(ldap, "does not show cn=ic,ou=groups")


def refused(ldap, said):
    with pytest.raises(TargetError, match=said) as caught:
        ldap.listing()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, rf"answered operationsError to a search of {PEOPLE}"),
        (3, r"it took longer than it may \(timeLimitExceeded\), again and again"),
        (
            4,
            rf"gave 12 entries under {PEOPLE} and no more \(sizeLimitExceeded\): ask for a higher size limit",
        ),
        (10, rf"keeps {PEOPLE} on another server \(referral 'ldap://other.example.org/'\): ask for {ASKER}"),
        (11, rf"gave 12 entries under {PEOPLE} and no more \(adminLimitExceeded\): ask for a higher limit"),
        (32, rf"has no entry {PEOPLE} \(noSuchObject\), or hides it: correct target.ldap, or ask"),
        (50, rf"does not allow a search of {PEOPLE} \(insufficientAccessRights\): ask for the right to read"),
        (51, r"it is busy, again and again; try again later"),
        (52, r"it is unavailable, again and again; try again later"),
        (53, rf"answered unwillingToPerform to a search of {PEOPLE}"),
        (80, rf"answered other to a search of {PEOPLE}"),
    ],
)
@pytest.mark.parametrize("base", ["people", "group"])
def test_result_codes(odd, ldap, code, said, base):
    where = PEOPLE if base == "people" else GROUP
    odd.codes[where] = [code]
    refused(
        ldap,
        said.replace(PEOPLE, where).replace("12 entries", "12 entries" if where == PEOPLE else "1 entry"),
    )


@pytest.mark.parametrize("slowly", ["never", "after the bind", "in bytes"])
def test_no_answer_in_time(odd, slowly):
    odd.slowly = slowly
    ldap = target(odd.url, seconds=1)
    began = time.monotonic()
    refused(ldap, "it did not answer within 1 s; try again")
    assert time.monotonic() - began < 30  # all bytes of one answer take 50
    assert odd.connections == 1
    ldap.close()


@pytest.mark.parametrize("code", [11, 12, 53])
def test_a_directory_that_gives_no_pages(odd, ldap, code):
    odd.no_pages = code
    assert sorted(ldap.listing().held) == [f"u{n}" for n in range(8)]
    odd.codes[PEOPLE] = [4]
    refused(ldap, rf"gave 12 entries under {PEOPLE} and no more \(sizeLimitExceeded\)")


def test_a_copy_that_takes_no_changes(odd, ldap):
    ldap.listing()
    odd.codes["modify"] = [10]
    results = ldap.apply([grant("u9"), grant("u10")], "b")
    said = (
        f"is a copy that takes no change of {GROUP}; name the directory that does in target.ldap.url: "
        "it refers to 'ldap://other.example.org/'"
    )
    assert next(results) == Result("unclear", f"{odd.url}: {said}")
    assert next(results).state == "failed"
    with pytest.raises(TargetError, match="is a copy that takes no change"):
        next(results)
    assert odd.asked.count(f"modify {GROUP}") == 1


def test_tls_that_fails_is_said_so(odd, tmp_path):
    certificate = self_signed(tmp_path)
    weak = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    weak.load_cert_chain(certificate, tmp_path / "key.pem")
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA")

    class Weak(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(OSError):
                weak.wrap_socket(self.request, server_side=True)

    class Plain(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"220 mail.example.org ESMTP\r\n")

    for handler, said in [
        (Weak, r"TLS failed \(\w+\); check that the port takes TLS 1.2 or later"),
        (Plain, "does not speak TLS on that port; correct target.ldap.url, or set start_tls"),
    ]:
        with in_thread(socketserver.TCPServer(("127.0.0.1", 0), handler)) as server:
            refused(target(f"ldaps://127.0.0.1:{server.server_address[1]}", ca=certificate), said)


def test_a_directory_that_is_busy(odd, ldap):
    odd.codes[PEOPLE] = [51, 3, 52, 0]
    assert len(ldap.listing().held) == 8


def test_a_page_that_comes_again_is_no_new_one(odd, ldap):
    odd.repeats = True
    refused(ldap, rf"repeated a page of entries under {PEOPLE}; a part is never believed, so try again")


@pytest.mark.parametrize(
    ("zone", "believed"),
    [
        ("DC=DomainDnsZones", True),
        ("DC=ForestDnsZones", True),
        ("CN=Configuration", True),
        ("DC=school", False),
    ],
)
def test_references(odd, ldap, zone, believed):
    odd.references = [f"ldap://x.example.org/{zone},DC=example,DC=org??base".encode()]
    if believed:
        assert len(ldap.listing().held) == 8
    else:
        refused(ldap, rf"keeps a part of {PEOPLE} on another server \('ldap://x.example.org/DC=school")


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8])
def test_members_that_come_in_ranges_are_all_read(odd, ldap, size):
    odd.range = size
    assert sorted(ldap.listing().held) == [f"u{n}" for n in range(8)]
    asked = odd.asked.count(GROUP)
    assert asked == -(-8 // size)


def test_a_group_that_is_not_shown(odd, ldap):
    odd.entries["cn=other,dc=example,dc=org"] = odd.entries.pop(GROUP)
    refused(ldap, rf"does not show {GROUP} to {ASKER}; let it read the entry")


@pytest.mark.parametrize("schema", ["unreadable", "MUST", "MAY"])
def test_a_group_that_shows_nobody(odd, ldap, schema):
    odd.entries[GROUP]["member"] = []
    if schema != "unreadable":
        odd.entry("", subschemaSubentry=["cn=schema"])
        definition = f"( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST ( cn $ x ) {schema} ( member ) )"
        definition = definition.replace("( cn $ x ) MUST ( ", "( cn $ ")
        odd.entry("cn=schema", objectClasses=["( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )", definition])
    if schema == "MAY":
        assert ldap.listing().held == {}
    else:
        refused(ldap, rf"shows no member of {GROUP}, which cannot be without one: let {ASKER} read `member`")


@pytest.mark.parametrize("kind", ["inetOrgPerson", "posixGroup", "sub"])
def test_an_entry_that_is_no_group(odd, ldap, kind):
    odd.entries[GROUP] = {"objectClass": [kind.encode()]}
    odd.entry("", subschemaSubentry=["cn=schema"])
    definitions = [
        "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP top STRUCTURAL MAY ( mail $ uid ) )",
        "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top STRUCTURAL MUST ( cn $ gidNumber ) MAY memberUid )",
        "( 1.1.1 NAME 'sub' SUP groupOfMembers STRUCTURAL )",
        "( 1.1.2 NAME 'groupOfMembers' SUP top STRUCTURAL MUST cn MAY member )",
    ]
    odd.entry("cn=schema", objectClasses=definitions)
    if kind == "sub":
        assert ldap.listing().held == {}
    else:
        refused(ldap, rf"{GROUP} is not a group that has `member` \(objectClass {kind.lower()}\); correct")


def test_a_group_whose_members_are_unique_ones(odd, ldap):
    odd.entries[GROUP] = {
        "objectClass": [b"groupOfUniqueNames"],
        "uniqueMember": [b"uid=u1," + PEOPLE.encode()],
    }
    refused(ldap, rf"keeps the members of {GROUP} in uniqueMember; use a groupOfNames")


def test_primary_groups(odd, ldap):
    sid = struct.pack("<BBHII", 1, 2, 0, 0, 32) + struct.pack("<I", 1105)
    odd.entries[GROUP] |= {"objectClass": [b"top", b"group"], "objectSid": [sid]}
    odd.entries[f"uid=u9,{PEOPLE}"]["primaryGroupID"] = [b"1105"]
    held = ldap.listing().held
    assert "u9" in held
    assert list(ldap.apply([revoke("u9")], "b")) == [
        Result("unclear", f"{GROUP} is the primary group of uid=u9,{PEOPLE}; give it another one first")
    ]


def test_names_that_are_no_dn_stop_nothing(odd, ldap):
    odd.entries[GROUP]["member"] += [b"jo", b"", b"uid=u1 , OU=People,DC=example,DC=org"]
    listing = ldap.listing()
    assert len(listing.held) == 8
    assert [(one.member, one.why) for one in listing.unnamed] == [("jo", "is not a DN")]


def test_an_account_that_may_be_searched_for_and_not_read(odd, ldap):
    odd.entries[f"uid=u1,{PEOPLE}"]["uid;hidden"] = odd.entries[f"uid=u1,{PEOPLE}"].pop("uid")
    listing = ldap.listing()
    assert len(listing.held) == 7
    assert [(one.member, one.why) for one in listing.unnamed] == [
        (f"uid=u1,{PEOPLE}", f"an entry that shows no uid, or is not under {PEOPLE}")
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (8, r"wants TLS \(strongerAuthRequired\): write ldaps:// in target.ldap.url, or set target.ldap.st"),
        (13, r"wants TLS \(confidentialityRequired\): write ldaps://"),
        (49, r"refuses these credentials; correct target.ldap.bind_dn and password"),
        (53, r"refuses the bind: unwillingToPerform; correct target.ldap.bind_dn"),
        (51, r"it is busy, again and again; try again later"),
    ],
)
def test_bind_refused(odd, ldap, code, said):
    odd.codes["bind"] = [code]
    refused(ldap, said)


def test_no_right_to_write(odd, ldap):
    ldap.listing()
    odd.codes["modify"] = [50]
    results = ldap.apply([revoke("u1"), revoke("u2")], "b")
    said = f"{odd.url}: {ASKER} may not change {GROUP}; ask for the right to write its `member`"
    assert next(results) == Result("unclear", said)
    assert next(results) == Result("failed", f"not tried, since an earlier change ended with: {said}")
    with pytest.raises(TargetError, match="ask for the right to write"):
        next(results)
    assert odd.asked.count(f"modify {GROUP}") == 1


class TestLastRun:
    """Of a run in which u0 to u7 are members, and those to u11 have accounts."""

    MEMBERS = tuple(f"{n}" for n in range(8))

    @pytest.fixture(autouse=True)
    def _run(self, odd, ldap, sqlite_store):
        for n in range(12):
            odd.entries[f"uid=u{n},{PEOPLE}"]["uid"] = [f"user{n}".encode()]
        self.do(sqlite_store, ldap)

    def do(self, store, ldap, *, denied=()):
        allowed = dict.fromkeys(set(self.MEMBERS) - {*denied}, ())
        return do(store, ldap, ScriptedClient(allowed), people(*self.MEMBERS))

    def test_missing_accounts(self, odd, ldap, sqlite_store):
        for n in (8, 9):
            del odd.entries[f"uid=u{n},{PEOPLE}"]
        proof = look(sqlite_store, ldap).proof
        assert proof.endswith("; 8 members and 10 accounts, 8 and 12 in the last run")
        for n in (10, 11):
            del odd.entries[f"uid=u{n},{PEOPLE}"]
        with pytest.raises(TargetError, match="knew 12 accounts in the last run, and knows 8 now; this"):
            self.do(sqlite_store, ldap)
        ldap.max_shrink = 1.0
        self.do(sqlite_store, ldap)
        ldap.max_shrink = 0.1
        assert look(sqlite_store, ldap).proof.endswith("8 and 8 in the last run")

    def test_a_hidden_account(self, odd, ldap, sqlite_store):
        del odd.entries[f"uid=u3,{PEOPLE}"]["uid"]
        plan, _ = self.do(sqlite_store, ldap, denied=["3"])
        assert [one.member for one in plan.unnamed] == [f"uid=u3,{PEOPLE}"]
        assert [(one.kind, one.account) for one in plan.drift] == [("hidden", "user3")]

    def test_an_open_removal(self, odd, ldap, sqlite_store):
        before = states(sqlite_store)
        odd.codes[GROUP] = [0, 80]
        self.do(sqlite_store, ldap, denied=["3"])
        assert states(sqlite_store) == [*before, ("revoke", "3", "made")]
        odd.codes.clear()
        ldap.listing()  # another run lists people again
        del odd.entries[f"uid=u3,{PEOPLE}"]["uid"]
        self.do(sqlite_store, ldap, denied=["3"])
        assert states(sqlite_store) == [*before, ("revoke", "3", "dropped")]


def test_several_values_of_what_is_to_be_one(odd, ldap):
    odd.entries[f"uid=u3,{PEOPLE}"]["uid"] = [b"u3", b"u99"]
    odd.entries[f"uid=u4,{PEOPLE}"]["uid"] = [b"u4", b"U4 "]
    odd.entries[f"uid=u9,{PEOPLE}"]["uid"] = [b"u9", b"u98"]
    listing = ldap.listing()
    assert sorted(listing.held) == ["u0", "u1", "u2", "u4", "u5", "u6", "u7"]
    said = "has 2 values of uid (u3, u99); leave it one"
    assert [(one.member, one.why) for one in listing.unnamed] == [(f"uid=u3,{PEOPLE}", said)]
    results = list(ldap.apply([grant("u9"), grant("u98"), revoke("u4")], "b"))
    note = f"uid=u9,{PEOPLE} has 2 values of uid (u9, u98); leave it one"
    assert results == [Result("failed", note), Result("failed", note), Result("made")]
