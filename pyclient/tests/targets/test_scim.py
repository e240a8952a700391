"""SCIM groups on the real scim2-server, and through a proxy that breaks what can break."""

from __future__ import annotations

import ssl
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count

import pytest

from icaccess.config import Secret, load_config
from icaccess.errors import ConfigError, TargetError
from icaccess.models import Access
from icaccess.targets.interface import Change, UnnamedMember
from icaccess.targets.scim import ScimSettings, ScimTarget
from icaccess.targets.scim_server import scim_http
from icaccess.targets.settings import TargetSettings, open_target
from tests.naming import mostly_slow
from tests.scripted import ScriptedClient, do, kinds, people, states
from tests.serving import in_thread
from tests.targets.faults import FaultProxy
from tests.targets.servers import TOKEN, running_scim, self_signed

pytestmark = pytest.mark.xdist_group("scim")  # what its tests share is made once

GROUP = "IC Elementary Scheduling"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture(scope="module")
def module_server():
    with running_scim() as server:
        yield server


@pytest.fixture
def server(module_server):
    """The server, emptied."""
    for kind in ("Groups", "Users"):
        while found := module_server.call("GET", f"/{kind}?count=500").get("Resources"):
            for one in found:
                module_server.call("DELETE", f"/{kind}/{one['id']}")
    return module_server


def target(url, *, deadline=60.0, token=TOKEN, ca=None, **settings):
    settings = {"group": GROUP, "match": "username", **settings}
    return ScimTarget(
        ScimSettings(url=url, token=Secret(token), **settings),
        scim_http(Secret(token), ca, timeout=deadline, backoff=0.01),
    )


def grant(account, *locations):
    after = Access(held=True, locations=locations)
    return Change(action="grant", employee_id="1", account=account, before=None, after=after)


def revoke(account):
    return Change(action="revoke", employee_id="1", account=account, before=Access(held=True), after=None)


def update(account, *locations):
    after = Access(held=True, locations=locations)
    return Change(
        action="update", employee_id="1", account=account, before=Access(held=True, locations=()), after=after
    )


def test_members_come_and_go(server):
    ids = [server.user(f"User{n}") for n in range(3)]
    group = server.group(GROUP, [ids[0]])
    scim = target(server.url)
    assert scim.listing().held == {"user0": Access(held=True)}
    for _ in range(2):
        assert [one.state for one in scim.apply([grant("user1"), grant("user2")], "b")] == ["made"] * 2
        assert server.members(group) == set(ids)
    scim.listing()
    for _ in range(2):
        assert [one.state for one in scim.apply([revoke("user0")], "b")] == ["made"]
        assert server.members(group) == set(ids[1:])
    scim.close()


def test_one_group_for_each_location(server):
    one = server.user("jo")
    groups = {place: server.group(f"IC {place}") for place in ("210", "211", "212")}
    everybody = server.group(GROUP)
    scim = target(server.url, location_groups={place: f"IC {place}" for place in groups})
    assert [r.state for r in scim.apply([grant("jo", "210", "211")], "b")] == ["made"]
    assert scim.listing().held == {"jo": Access(held=True, locations=("210", "211"))}
    assert [r.state for r in scim.apply([update("jo", "211", "212")], "b")] == ["made"]
    assert scim.listing().held == {"jo": Access(held=True, locations=("211", "212"))}
    assert [bool(server.members(group)) for group in groups.values()] == [False, True, True]
    assert server.members(everybody) == {one}
    assert [(r.state, r.note) for r in scim.apply([update("jo", "213")], "b")] == [
        ("failed", "no group is configured for the location 213; add it to location_groups")
    ]
    assert scim.listing().held == {"jo": Access(held=True, locations=("211", "212"))}
    scim.apply([revoke("jo")], "b")
    assert [r.state for r in scim.apply([revoke("jo")], "b")] == ["made"]
    assert scim.listing().held == {}
    scim.close()


def test_access_that_is_only_half_there_is_access_for_no_location(server):
    one, two = server.user("jo"), server.user("mo")
    server.group("IC 210", [one])
    server.group(GROUP, [two])
    scim = target(server.url, location_groups={"210": "IC 210"})
    assert scim.listing().held == {
        "jo": Access(held=True, locations=(f"210 (not in {GROUP})",)),
        "mo": Access(held=True, locations=()),
    }
    scim.close()


@pytest.mark.parametrize(
    ("match", "attribute", "more", "account"),
    [
        ("id", None, {"externalId": "001234"}, "001234"),
        ("id", "employeeNumber", {ENTERPRISE: {"employeeNumber": "001234"}}, "001234"),
        ("email", None, {"emails": [{"value": "Jo@Example.org"}]}, "jo@example.org"),
        ("username", None, {}, "jo"),
    ],
)
def test_accounts(server, match, attribute, more, account):
    one = server.user("Jo", **more)
    group = server.group(GROUP)
    scim = target(server.url, match=match, attribute=attribute)
    assert [r.state for r in scim.apply([grant(account)], "b")] == ["made"]
    assert server.members(group) == {one}
    assert scim.listing().held == {account: Access(held=True)}
    scim.close()


def test_an_account_is_never_guessed(server):
    same = {"externalId": "7"}
    ids = {server.user("jo", **same), server.user("mo", **same)}
    group = server.group(GROUP)
    scim = target(server.url, match="id")
    results = list(scim.apply([grant("7"), grant("8")], "b"))
    assert [(r.state, r.note) for r in results] == [
        ("failed", "2 users have the externalId 7; exactly one is needed"),
        ("failed", "no users have the externalId 8; exactly one is needed"),
    ]
    assert server.members(group) == set()
    assert len(ids) == 2
    scim.close()


def test_of_two_members_with_one_key_neither_is_taken_out(server):
    one, two = server.user("jo", externalId="7"), server.user("mo", externalId="7")
    group = server.group(GROUP, [one, two])
    scim = target(server.url, match="id")
    assert scim.listing().held == {"7": Access(held=True)}
    (result,) = scim.apply([revoke("7")], "b")
    assert (result.state, result.note) == (
        "failed",
        f"2 members of {GROUP} have the externalId 7, and one may be somebody else's; "
        "correct the externalId, or take them out by hand",
    )
    assert server.members(group) == {one, two}
    scim.close()


def test_members_whom_nobody_can_name_are_listed_apart(server):
    one, two = server.user("jo"), server.user("mo", externalId="7")
    server.group(GROUP, [one, two])
    scim = target(server.url, match="id")
    listing = scim.listing()
    assert listing.held == {"7": Access(held=True)}
    assert listing.unnamed == (UnnamedMember(one, (GROUP,), "no user with that id shows externalId"),)
    scim.close()


def test_everybody_is_listed_over_several_pages(server):
    for n in range(210):
        server.user(f"u{n}")
    server.group(GROUP)
    scim = target(server.url)
    assert [one.state for one in scim.apply([grant(f"u{n}") for n in range(210)], "b")] == ["made"] * 210
    assert len(scim.listing().held) == 210
    scim.close()


class TestFaults:
    QUICK = ("429", "500", "503", "reset before", "reset after", "html", "truncated")
    LONG = ("lost before", "lost after", "drip")

    @pytest.fixture
    def proxy(self, server):
        """The proxy before a server with three people of whom one holds access."""
        ids = [server.user(f"user{n}") for n in range(3)]
        server.group(GROUP, [ids[2]])
        with in_thread(FaultProxy(server.address)) as broken:
            yield broken

    def run(self, store, proxy):
        waits = {proxy.always, *proxy.faults} & {*self.LONG}
        scim = target(proxy.url + "/v2", deadline=6.0 if waits else 60.0)
        client = ScriptedClient({"0": ("210",), "1": ("210",)})
        try:
            return do(store, scim, client, people("0", "1", "2"))
        finally:
            scim.close()

    @pytest.mark.parametrize("fault", mostly_slow([*QUICK, *LONG], quick=7))
    def test_a_fault_that_passes(self, sqlite_store, proxy, fault):
        proxy.faults.extend([fault] * 2)
        _, summary = self.run(sqlite_store, proxy)
        if not summary.complete:  # a time-out is not tried again within the run; the next one settles it
            _, summary = self.run(sqlite_store, proxy)
        assert summary.complete
        assert set(self.shown(proxy)) == {"user0", "user1"}
        assert "failed" not in {state for _, _, state in states(sqlite_store)} or fault == "lost before"
        assert fault in proxy.seen

    @pytest.mark.parametrize("fault", mostly_slow(["empty 200", *QUICK, *LONG], quick=8))
    def test_a_fault_that_lasts(self, sqlite_store, proxy, fault):
        proxy.always = fault
        _, summary = self.run(sqlite_store, proxy)
        shown = self.shown(proxy)
        ended = {employee: state for _, employee, state in states(sqlite_store)}
        for number in "012":
            changed = (f"user{number}" in shown) == (number != "2")
            assert ended[number] == ("verified" if changed else "failed"), (number, ended, shown)
        failed = {failure.change.employee_id for failure in summary.failures}
        assert failed == {number for number in "012" if ended[number] == "failed"}
        proxy.always = None
        fresh, summary = self.run(sqlite_store, proxy)
        assert (summary.complete, fresh.drift) == (True, ())
        assert set(self.shown(proxy)) == {"user0", "user1"}
        assert kinds(sqlite_store)[-1] == "run_finished"

    def shown(self, proxy):
        scim = target(proxy.url + "/v2")
        try:
            return scim.listing().held
        finally:
            scim.close()


def test_a_server_that_asks_for_time_gets_it(server):
    server.user("user0")
    server.group(GROUP)
    with in_thread(FaultProxy(server.address)) as proxy, closing(target(proxy.url + "/v2")) as scim:
        proxy.faults.append("429")
        proxy.retry_after = "1"
        scim.listing()
        began = time.monotonic()
        assert [one.state for one in scim.apply([grant("user0")], "b")] == ["made"]
        assert time.monotonic() - began >= 1


def test_a_server_that_stays_broken_is_left_alone(server, sqlite_store):
    for n in range(30):
        server.user(f"user{n}")
    server.group(GROUP)
    numbers = [f"{n}" for n in range(30)]
    with in_thread(FaultProxy(server.address)) as proxy, closing(target(proxy.url + "/v2")) as scim:
        proxy.always = "503"
        _, summary = do(sqlite_store, scim, ScriptedClient(dict.fromkeys(numbers, ())), people(*numbers))
        assert len(proxy.seen) == 5 * 5
    assert (summary.counts, summary.left) == ({"failed": 20}, 10)
    assert "nothing works any more: the server answered HTTP 503" in summary.stopped


class TestBadInput:
    def test_no_group(self, server):
        server.user("jo")
        with pytest.raises(TargetError, match=rf"has no groups with the displayName {GROUP}; exactly one"):
            target(server.url).listing()

    def test_two_groups_of_one_name(self, server):
        server.group(GROUP)
        server.group(GROUP)
        with pytest.raises(TargetError, match=r"has 2 groups with the displayName"):
            target(server.url).listing()

    def test_wrong_credentials(self, server):
        server.group(GROUP)
        with pytest.raises(TargetError, match="refuses these credentials") as caught:
            target(server.url, token="wrong-secret").listing()
        assert "wrong-secret" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_nobody_there(self):
        with pytest.raises(TargetError, match="nothing answers there"):
            target("http://127.0.0.1:9/v2").listing()

    def test_something_else_there(self, server):
        with pytest.raises(
            TargetError, match=r"/other/Groups: refuses to answer: .*\(HTTP 404\); check target"
        ):
            target(server.url.removesuffix("/v2") + "/other").listing()

    def test_a_self_signed_certificate(self, tmp_path):
        certificate = self_signed(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, tmp_path / "key.pem")

        class Refusing(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(404)

            def log_message(self, *_):
                pass

        class Quiet(HTTPServer):
            def handle_error(self, *_):
                pass

        server = Quiet(("127.0.0.1", 0), Refusing)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"https://127.0.0.1:{server.server_port}/v2"
        with in_thread(server):
            with pytest.raises(
                TargetError, match=r"is not trusted .*self-signed certificate.*`target.scim.ca`"
            ):
                target(url).listing()
            with pytest.raises(TargetError, match=r"refuses to answer: text/html.*\(HTTP 404\)"):
                target(url, ca=certificate).listing()

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ("{url: 'https://h/v2', group: G, token: hunter2}", "target.scim.token: a secret is written out"),
            ("{url: 'https://h/v2', group: G}", "target.scim.token: is required"),
            ("{url: 'http://h/v2', group: G, token: '${T}'}", "would send the token in the clear"),
            ("{url: 'h/v2', group: G, token: '${T}'}", "is not an http or https URL"),
            ("{url: 'https://h/v2', token: '${T}'}", "names no group"),
            (
                "{url: 'https://h/v2', group: G, location_groups: {'210': G}, token: '${T}'}",
                "the group G twice",
            ),
            (
                "{url: 'https://h/v2', group: G, location_groups: {'210': g}, token: '${T}'}",
                "the group g twice",
            ),
            ("{url: 'https://h/v2', group: G, token: '${T}', ca: none.pem}", "there is no file"),
        ],
        ids=count(),
    )
    def test_bad_settings(self, tmp_path, sqlite_store, monkeypatch, settings, said):
        monkeypatch.setenv("T", "hunter2")
        (tmp_path / "icaccess.yaml").write_text(f"target:\n  kind: scim\n  scim: {settings}\n")
        with pytest.raises(ConfigError, match=said) as caught:
            open_target(load_config(tmp_path), sqlite_store)
        assert "hunter2" not in str(caught.value)

    def test_settings_that_suffice(self, tmp_path, sqlite_store, server, monkeypatch):
        monkeypatch.setenv("T", TOKEN)
        server.group(GROUP)
        text = f"target:\n  kind: scim\n  scim: {{url: '{server.url}', group: {GROUP}, token: '${{T}}'}}\n"
        (tmp_path / "icaccess.yaml").write_text(text)
        config = load_config(tmp_path)
        assert TOKEN not in repr(config.section("target", TargetSettings))
        opened = open_target(config, sqlite_store)
        assert (opened.listing().held, opened.identity) == ({}, f"scim {server.url} {GROUP}")
        opened.close()
