"""The client against a real OPA, and against what is not OPA."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from icaccess import AccessClient
from icaccess.errors import EngineError, UsageError
from icaccess.models import Access, Decision, Employee, InvalidRecord, Record
from icaccess.opa.bundles import Revisions
from icaccess.opa.engine import Engine, running_engine
from icaccess.opa.program import VERSION
from tests.opa.fake_opa import Answer, serving

AT = date(2025, 9, 10)
STANDIN = Path(__file__).parent / "standin"


def people(count: int) -> Iterator[Employee]:
    return (Employee(id=f"{number:06}") for number in range(count))


@pytest.fixture
def own(opa_path: Path) -> Iterator[Engine]:
    """An OPA that a test may kill."""
    with running_engine(STANDIN / "policy", STANDIN / "config", opa=opa_path) as engine:
        yield engine


def test_decides_one(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client:
        decision = client.decide(Employee(id="001234"), AT)
    assert (decision.employee_id, decision.as_of, decision.action) == ("001234", AT, "grant")


def test_decides_many_in_order_with_every_record_answered_once(standin: Engine) -> None:
    records: list[Record] = list(people(1000))
    records[7] = InvalidRecord("000007", "facts.yaml line 3: start: no such day")
    with AccessClient(standin.url, standin.token, batch=64) as client:
        decisions = list(client.decide_many(records, AT))
    assert [d.employee_id for d in decisions] == [r.id for r in records]
    assert [d.outcome for d in decisions if d.employee_id != "000007"] == ["allow"] * 999
    assert decisions[7].reasons[0].code == "invalid_record"
    assert decisions[7].reasons[0].message == "facts.yaml line 3: start: no such day"


@settings(max_examples=40)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9), st.integers(1, 5))
def test_order_and_number_hold_for_any_batch(
    standin: Engine, sound: list[bool], batch: int, connections: int
) -> None:
    records = [Employee(id=str(n)) if ok else InvalidRecord(str(n), "bad") for n, ok in enumerate(sound)]
    with AccessClient(standin.url, standin.token, batch=batch, connections=connections) as client:
        decisions = list(client.decide_many(records, AT))
    assert [(d.employee_id, d.outcome) for d in decisions] == [
        (str(n), "allow" if ok else "undecided") for n, ok in enumerate(sound)
    ]


def test_reads_only_some_batches_ahead(standin: Engine) -> None:
    taken = 0

    def counted() -> Iterator[Employee]:
        nonlocal taken
        for employee in people(100_000):
            taken += 1
            yield employee

    with AccessClient(standin.url, standin.token, batch=10, connections=2) as client:
        decisions = client.decide_many(counted(), AT)
        next(decisions)
        assert taken <= 50
        decisions.close()  # type: ignore[attr-defined]  # it is a generator


def test_json_is_what_opa_wrote(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client:
        (answer,) = client.decide_json(people(1), AT)
        undecided = next(iter(client.decide_json([InvalidRecord("1", "bad")], AT)))
        assert msgspec.json.decode(answer, type=Decision) == client.decide(Employee(id="000000"), AT)
    keys = list(msgspec.json.decode(answer))
    assert keys == sorted(keys)
    assert list(msgspec.json.decode(undecided)) == sorted(msgspec.structs.asdict(_decoded(undecided)))


def _decoded(answer: bytes | msgspec.Raw) -> Decision:
    return msgspec.json.decode(answer, type=Decision)


def test_explains(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client:
        (clause,) = client.explain(Employee(id="1", assignments=()), AT)
    assert (clause.clause, clause.met, clause.facts) == ("ES-2", True, [])


def test_says_what_is_loaded(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client:
        assert client.ready()
        assert client.revisions() == standin.bundles.revisions
        (status,) = client.status()
    assert (status.ready, status.version, status.problem) == (True, VERSION, None)


def test_one_poisonous_record_in_a_batch_of_500_is_undecided_alone(standin: Engine) -> None:
    records = list(people(500))
    records[321] = Employee(id="000321", name="poison")
    with AccessClient(standin.url, standin.token, batch=500) as client:
        decisions = list(client.decide_many(records, AT))
        assert client.decide(records[321], AT) == decisions[321]
    undecided = [d for d in decisions if d.outcome == "undecided"]
    assert [d.employee_id for d in undecided] == ["000321"]
    (reason,) = undecided[0].reasons
    assert (reason.code, reason.clause, undecided[0].action) == ("no_decision", None, "none")
    assert "eval_conflict_error" in reason.message
    assert {d.outcome for d in decisions if d.employee_id != "000321"} == {"allow"}


def test_one_record_that_takes_opa_too_long_is_undecided_alone(standin: Engine) -> None:
    records = list(people(4))
    records[2] = Employee(id="000002", name="slow")
    for seconds in (1, 8):  # on a machine that stops for a while, one second is too short for the others too
        with AccessClient(standin.url, standin.token, batch=4, timeout=seconds) as client:
            decisions = list(client.decide_many(records, AT))
        undecided = [d for d in decisions if d.outcome == "undecided"]
        if len(undecided) == 1:
            break
    assert [d.employee_id for d in undecided] == ["000002"]
    (reason,) = undecided[0].reasons
    assert (reason.code, undecided[0].action) == ("no_decision", "none")
    assert f"did not answer within {seconds} s" in reason.message


def test_an_opa_that_is_slow_about_many_is_given_up(standin: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icaccess.opa.batch_run.MOST_SLOW", 3)
    records = [Employee(id=str(n), name="slow") for n in range(4)]
    with (
        AccessClient(standin.url, standin.token, batch=4, timeout=0.5) as client,
        pytest.raises(EngineError, match=r"did not answer within 0\.5 s"),
    ):
        list(client.decide_many(records, AT))


def test_an_opa_that_is_killed_in_the_middle_is_an_error(own: Engine) -> None:
    decided = 0
    with (
        AccessClient(own.url, own.token, batch=10) as client,
        pytest.raises(EngineError, match=r"ended the connection before|nothing answers"),
    ):
        for decided, _ in enumerate(client.decide_many(people(10_000), AT), 1):
            if decided == 100:
                os.kill(own.process.pid, signal.SIGKILL)
    assert 100 <= decided < 10_000


def test_a_frozen_opa_is_given_up_at_the_deadline(own: Engine) -> None:
    with AccessClient(own.url, own.token, timeout=0.5) as client:
        os.kill(own.process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(EngineError, match=r"did not answer within 0\.5 s"):
            list(client.decide_many(people(1000), AT))
        assert time.monotonic() - begun < 60
        assert not client.ready()


@pytest.mark.parametrize("token", [None, "", "guessed"])
def test_a_wrong_token_is_refused(standin: Engine, token: str | None) -> None:
    with AccessClient(standin.url, token) as client:
        assert client.ready()
        with pytest.raises(EngineError, match=r"refused the token \(HTTP 401\)"):
            client.decide(Employee(id="1"), AT)


def test_a_proxy_of_the_environment_never_sees_the_token(
    standin: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with AccessClient(standin.url, standin.token) as client:
        assert client.decide(Employee(id="1"), AT).outcome == "allow"


def test_nothing_there_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with AccessClient(url) as client:
            assert not client.ready()
            with pytest.raises(EngineError, match=f"OPA at {url}/.*: nothing answers there"):
                client.decide(Employee(id="1"), AT)
            with pytest.raises(EngineError, match=f"OPA at {url}/.*: nothing answers there"):
                client.revisions()


def answer(
    result: object = msgspec.UNSET, revision: str = "r1", version: str = VERSION, **more: object
) -> Answer:
    provenance = {
        "version": version,
        "bundles": {"policy": {"revision": revision}, "config": {"revision": "c"}},
    }
    body: dict[str, object] = {"provenance": provenance} | more
    if result is not msgspec.UNSET:
        body["result"] = result
    return 200, "application/json", msgspec.json.encode(body)


def decided(**changes: object) -> dict[str, object]:
    """A decision to grant access to the employee 1."""
    parts = {"employee_id": "1", "as_of": "2025-09-10", "outcome": "allow", "action": "grant"}
    empty = dict.fromkeys(("expiry", "requirements_met_on", "grant_due_by", "recheck_on", "basis"))
    lists: dict[str, object] = {"reasons": [], "warnings": [], "locations": []}
    return {**parts, **empty, **lists, "needs_consent": False, "escalate": False, **changes}


REASON = {"code": "x", "clause": "ES-2", "message": "m", "remedy": "r"}
HELD = Access(held=True)
REVOKED = decided(outcome="deny", reasons=[REASON], action="revoke")


@pytest.mark.parametrize(
    ("access", "document"),
    [
        (UNSET, decided()),
        (Access(held=False), decided()),
        (HELD, decided(action="keep")),
        (HELD, decided(action="update")),
        (HELD, REVOKED),
        (HELD, {**REVOKED, "outcome": "expired", "needs_consent": True}),
        (UNSET, {**REVOKED, "action": "none"}),
        (HELD, {**REVOKED, "outcome": "undecided", "action": "none"}),
    ],
)
def test_a_fitting_answer_is_handed_on(access: Access | UnsetType, document: dict[str, object]) -> None:
    for decision in asked_both_ways(Employee(id="1", access=access), document):
        assert (decision.outcome, decision.action) == (document["outcome"], document["action"])


@pytest.mark.parametrize(
    ("access", "document", "says"),
    [
        (UNSET, decided(employee_id="2"), "its answer is about '2'"),
        (UNSET, decided(as_of="2025-09-11"), "its answer is for 2025-09-11"),
        (HELD, decided(action="revoke"), "its answer is allow with the action revoke, while access is held"),
        (HELD, decided(), "its answer is allow with the action grant, while access is held"),
        (UNSET, decided(action="keep"), "its answer is allow with the action keep, while access is not held"),
        (
            HELD,
            {**REVOKED, "action": "keep"},
            "its answer is deny with the action keep, while access is held",
        ),
        (UNSET, REVOKED, "its answer is deny with the action revoke, while access is not held"),
        (HELD, {**REVOKED, "reasons": []}, "its answer is deny without a reason"),
        (HELD, {**REVOKED, "outcome": "expired", "reasons": []}, "its answer is expired without a reason"),
        (HELD, {**REVOKED, "outcome": "undecided"}, "its answer is undecided with the action revoke"),
        (UNSET, decided(reasons=[REASON]), "its answer is allow with a reason"),
        (UNSET, decided(needs_consent=True), "its answer needs a consent for the action grant"),
        (UNSET, decided(outcome="perhaps"), "its answer is not a decision (Invalid enum value 'perhaps'"),
        (UNSET, {"outcome": "allow"}, "its answer is not a decision (Object missing required field"),
        (UNSET, 1, "its answer is not a decision"),
        (UNSET, msgspec.Raw(msgspec.json.encode(decided())[:-1] + b',"action":"keep"}'), "'action' twice"),
        (UNSET, msgspec.Raw(b'{"reasons":[{"code":"a","code":"b"}]}'), "its answer has 'code' twice"),
    ],
    ids=map(str, count()),
)
def test_an_answer_with_a_contradiction(access: Access | UnsetType, document: object, says: str) -> None:
    for decision in asked_both_ways(Employee(id="1", access=access), document):
        assert (decision.employee_id, decision.as_of) == ("1", AT)
        assert (decision.outcome, decision.action) == ("undecided", "none")
        (reason,) = decision.reasons
        assert reason.code == "no_decision"
        assert says in reason.message


def asked_both_ways(employee: Employee, document: object) -> list[Decision]:
    """What becomes of a document as the answer on one employee, and as one of three in a batch."""

    def decisions(path: str, body: bytes) -> Answer:
        if "decisions" not in path:
            return answer(document)
        asked = [one["id"] for one in msgspec.json.decode(body)["input"]["employees"]]
        return answer({one: document if one == "1" else decided(employee_id=one) for one in asked})

    with serving(decisions) as url, AccessClient(url) as client:
        batch = list(client.decide_many([Employee(id="2"), employee, Employee(id="3")], AT))
        assert [(one.employee_id, one.outcome) for one in (batch[0], batch[2])] == [
            ("2", "allow"),
            ("3", "allow"),
        ]
        return [client.decide(employee, AT), batch[1]]


def test_two_answers_for_one_person_leave_that_person_undecided() -> None:
    def decisions(_path: str, body: bytes) -> Answer:
        asked = [one["id"] for one in msgspec.json.decode(body)["input"]["employees"]]
        asked += [one for one in asked if one == "1"]
        results = (f'"{one}":{msgspec.json.encode(decided(employee_id=one)).decode()}' for one in asked)
        return answer(msgspec.Raw(f"{{{','.join(results)}}}".encode()))

    with serving(decisions) as url, AccessClient(url) as client:
        decisions = list(client.decide_many([Employee(id="1"), Employee(id="2")], AT))
    assert [decision.outcome for decision in decisions] == ["undecided", "allow"]
    assert "its answer has '1' twice" in decisions[0].reasons[0].message


def test_a_body_with_two_results_is_an_error() -> None:
    kind, status = "application/json", 200
    content = answer({"1": decided()})[2][:-1] + b',"result":{"1":' + msgspec.json.encode(decided()) + b"}}"
    with (
        serving(lambda _path, _body: (status, kind, content)) as url,
        AccessClient(url) as client,
        pytest.raises(EngineError, match="answered with 'result' twice"),
    ):
        list(client.decide_many([Employee(id="1")], AT))


@pytest.mark.parametrize("at", ["2025-09-10", None, 20250910, datetime(2025, 9, 10)])  # noqa: DTZ001 (is refused)
def test_a_day_that_is_none_is_the_callers_mistake(standin: Engine, at: Any) -> None:
    one = Employee(id="1")
    with AccessClient(standin.url, standin.token) as client:
        for call in (client.decide, client.explain, lambda e, at: client.decide_many([e], at)):
            with pytest.raises(UsageError, match=r"^at: must be a datetime\.date, such as .*, and is "):
                call(one, at)
        with pytest.raises(UsageError, match=r"^day: must be"):
            client.due_after(at)


@pytest.mark.parametrize(
    ("employee", "says"),
    [
        (None, "must be an Employee, or a mapping of its shape, and is None, of type NoneType"),
        ("001234", "must be an Employee, or a mapping of its shape, and is '001234', of type str"),
        (["001234"], "must be an Employee, or a mapping of its shape"),
        ({}, "its id must be a text that is not blank, and is None"),
        ({"id": ""}, "its id must be a text that is not blank, and is ''"),
        ({"id": " "}, "its id must be a text that is not blank, and is ' '"),
        ({"id": 1234}, "its id must be a text that is not blank, and is 1234, of type int"),
        ({"id": "1", "name": object()}, "the facts of '1' cannot be written as JSON: Encoding objects"),
        ({"id": "\ud800"}, "the facts of '\\ud800' cannot be written as JSON: 'utf-8' codec"),
        (Employee(id=None), "its id must be a text that is not blank"),  # type: ignore[arg-type]  # what is tried
    ],
)
def test_facts_of_nobody(standin: Engine, employee: Any, says: str) -> None:
    with AccessClient(standin.url, standin.token) as client:
        for call in (client.decide, client.explain):
            with pytest.raises(UsageError, match=re.escape(says)):
                call(employee, AT)
        for records in ([Employee(id="0"), employee], iter([Employee(id="0"), employee])):
            with pytest.raises(UsageError, match=re.escape(says)):
                list(client.decide_many(records, AT))


@pytest.mark.parametrize("records", [None, "001234", Employee(id="1"), {"id": "1"}, 7])
def test_what_is_no_list_of_records_is_the_callers_mistake(standin: Engine, records: Any) -> None:
    with (
        AccessClient(standin.url, standin.token) as client,
        pytest.raises(UsageError, match=r"^records: must be a list of employees, and is "),
    ):
        client.decide_many(records, AT)


def test_a_mapping_is_decided_as_an_employee_is(standin: Engine) -> None:
    mapping = {"id": "1", "employment": [{"start": date(2020, 8, 1)}], "assignments": []}
    with AccessClient(standin.url, standin.token) as client:
        decision = client.decide(mapping, AT)
        assert list(client.decide_many([mapping], AT)) == [decision]
        assert client.explain(mapping, AT)[0].clause == "ES-2"
    assert decision.employee_id == "1"


def test_nobody_at_all_is_decided_about_nobody(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client:
        assert list(client.decide_many([], AT)) == []


def test_a_client_that_was_closed_says_so(standin: Engine) -> None:
    client = AccessClient(standin.url, standin.token)
    client.close()
    person = Employee(id="1")
    calls: list[Callable[[], object]] = [
        lambda: client.decide(person, AT),
        lambda: client.explain(person, AT),
        lambda: client.decide_many([person], AT),
        lambda: client.evidence([person], AT),
        lambda: client.approvals_due([person], AT),
        lambda: client.approved_elsewhere([person], AT),
        lambda: client.due_after(AT),
        client.ready,
        client.status,
        client.revisions,
    ]
    for call in calls:
        with pytest.raises(UsageError, match="the client was closed: open another one"):
            call()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("url", [None, 5, b"http://127.0.0.1:9", ["http://127.0.0.1:9", None]]),
        ("url", ["", " ", "localhost", "127.0.0.1:8181", "ftp://localhost", "http://", "http://[::1"]),
        ("url", ["http://127.0.0.1:99999", "http://a b", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a"]),
        ("url", ["http://u:secret@127.0.0.1:9", "http://u:secret@[::1", ["http://127.0.0.1:9", ""]]),
        ("token", [5, b"secret", "a\nb"]),
        ("timeout", [0, -1, None, "5", True, float("inf"), float("nan"), 1e30]),
        ("ca", ["", 5, "/absent/ca.pem", __file__, "a\0b", str(Path(__file__).parent)]),
        ("cert", ["x", ("x",), ("/absent/cert.pem", "/absent/key.pem"), (__file__, __file__), (5, 6)]),
        ("batch", [0, -1, 1.5, None, "5", True]),
        ("connections", [0, -1, 1.5, "5", 1001]),
    ],
)
def test_a_wrong_argument_is_named(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(UsageError, match=rf"^{name}: ") as caught:
            AccessClient(**{"url": "http://127.0.0.1:9", name: value})
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["opa.example.org", "10.0.0.5", "[2001:db8::1]"])
def test_a_token_does_not_go_in_the_clear(host: str) -> None:
    said = rf"^url: http://{re.escape(host)}:8181 would get the token unencrypted; write https://$"
    for urls in (f"http://{host}:8181", ["http://127.0.0.1:9", f"http://{host}:8181"]):
        with pytest.raises(UsageError, match=said):
            AccessClient(urls, token="sample")
    for url, token in ((f"http://{host}", None), (f"https://{host}", "sample"), ("http://[::1]:9", "sample")):
        AccessClient(url, token).close()


@pytest.mark.parametrize(
    "path", ["/v1/data", "/v1/data/access/decision", "/opa/v1", "/v0/data/access/", "/health"]
)
def test_a_url_with_a_path_of_the_api(path: str) -> None:
    added = path.removeprefix("/opa")
    with pytest.raises(
        UsageError, match=rf"^url: http://127.0.0.1:9{path} names a path .* leave out {added}$"
    ):
        AccessClient(f"http://127.0.0.1:9{path}")
    AccessClient("http://127.0.0.1:9/opa/").close()


def test_a_folder_is_no_file_of_certificates(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^ca: {tmp_path} is a folder; name a file of certificates in PEM$"):
        AccessClient("https://127.0.0.1:9", ca=str(tmp_path))


def test_a_wrong_question_is_named() -> None:
    person: dict[str, Any] = {"id": "1"}
    wrong: Any = "x"
    with AccessClient("http://127.0.0.1:9") as client:  # nothing answers there, and nothing is asked
        calls: dict[str, list[Callable[[], object]]] = {
            "revisions": [lambda: client.decide_many([person], AT, revisions=wrong)],
            "employees": [
                lambda one=one: client.approvals_due(one, AT)  # type: ignore[misc]  # no type is inferred
                for one in (person, Employee(id="1"), wrong)
            ],
            "record 1": [
                lambda: list(client.approvals_due([wrong], AT)),
                lambda: list(client.approved_elsewhere([wrong], AT)),
                lambda: list(client.evidence([wrong], AT)),
            ],
            "sources": [
                lambda: client.evidence([person], AT, {"certifications": wrong}),
                lambda: client.evidence([person], AT, wrong),
                lambda: client.evidence([person], AT, {"certificates": ["lms"]}),
            ],
            "at": [
                lambda day=day: client.decide(person, day)  # type: ignore[misc]  # no type is inferred
                for day in (date(1899, 12, 31), date(2200, 1, 1), date.min, date.max)
            ],
            "day": [lambda: client.due_after(date(2200, 1, 1))],
        }
        for name, some in calls.items():
            for call in some:
                with pytest.raises(UsageError, match=f"^{name}: "):
                    call()


def test_threads_share_a_client(standin: Engine) -> None:
    with AccessClient(standin.url, standin.token) as client, ThreadPoolExecutor(8) as pool:
        decisions = pool.map(lambda e: client.decide(e, AT), people(200))
        assert [decision.employee_id for decision in decisions] == [e.id for e in people(200)]


@pytest.mark.parametrize(
    ("given_answer", "message"),
    [
        ((200, "text/html", b"<html>Welcome</html>"), "does not answer as OPA.*text/html"),
        ((404, "text/html", b"<html>Not found</html>"), "does not answer as OPA does .HTTP 404, text/html"),
        ((302, "text/html", b""), "does not answer as OPA does .HTTP 302"),
        ((403, "text/html", b"<html>No</html>"), "refused the request .HTTP 403, text/html"),
        ((200, "application/json", b'{"result": {}}'), "does not answer as OPA.*provenance"),
        ((200, "application/json", b'{"result": {}'), "does not answer as OPA"),
        (answer(), "has no result for access/decisions"),
        (answer({"1": 1, "2": 2}), r"exactly those sent .*not sent: \['2'\]"),
        (answer({}), r"exactly those sent \(missing: \['1'\]"),
        (answer([]), "answer holds no decisions .Expected `object`, got `array`"),
        (answer({}, version="0.70.0"), r"has version 0\.70\.0: 1\.21\.3 or a newer 1\.x is needed"),
        (answer({}, version="1.21.2"), r"has version 1\.21\.2: 1\.21\.3 or a newer 1\.x is needed"),
        (answer({}, warning={"code": "api_usage_warning"}), "warning: .*api_usage_warning"),
        ((503, "text/plain", b"no backend"), "the proxy in front of OPA at .* does not reach it .HTTP 503"),
        ((503, "application/json", b'{"code": "x", "message": "busy"}'), "is not ready .HTTP 503.: .busy"),
        ((500, "application/json", b'{"code": "internal_error", "message": "no policy"}'), "no policy"),
    ],
)
def test_another_server(given_answer: Answer, message: str) -> None:
    with (
        serving(lambda _path, _body: given_answer) as url,
        AccessClient(url) as client,
        pytest.raises(EngineError, match=message) as caught,
    ):
        list(client.decide_many([Employee(id="1")], AT))
    assert "\n" not in str(caught.value)


def test_a_server_that_trickles_is_given_up_at_the_deadline() -> None:
    def trickle() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(2000):
                connection.sendall(b"1\r\n \r\n")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        with (
            AccessClient(url, timeout=0.3) as client,
            pytest.raises(EngineError, match="did not answer within"),
        ):
            client.decide(Employee(id="1"), AT)
        assert time.monotonic() - begun < 60  # without a deadline it takes 100
        thread.join()


def test_another_policy_in_the_middle_voids_the_run() -> None:
    asked = 0

    def decisions(_path: str, body: bytes) -> Answer:
        nonlocal asked
        asked += 1
        employees = msgspec.json.decode(body)["input"]["employees"]
        return answer({e["id"]: 1 for e in employees}, revision="r1" if asked < 5 else "r2")

    with (
        serving(decisions) as url,
        AccessClient(url, batch=10) as client,
        pytest.raises(EngineError, match="policy changed during the run, which is void"),
    ):
        for _ in client.decide_json(people(1000), AT):
            pass


def test_another_policy_than_the_one_asked_for_is_refused(standin: Engine) -> None:
    with (
        AccessClient(standin.url, standin.token) as client,
        pytest.raises(EngineError, match="policy changed during the run"),
    ):
        list(client.decide_many(people(1), AT, revisions=Revisions("another", "one")))


def test_a_proxy_that_has_lost_opa_for_a_moment_is_asked_again() -> None:
    asked = 0

    def decisions(_path: str, _body: bytes) -> Answer:
        nonlocal asked
        asked += 1
        return answer({"1": decided()}) if asked > 2 else (503, "text/plain", b"no backend")

    with serving(decisions) as url, AccessClient(url) as client:
        assert next(client.decide_many([Employee(id="1")], AT)).action == "grant"
    assert asked == 3


@pytest.mark.parametrize("batch", [1, 250])
@pytest.mark.parametrize("second", [Employee(id="1", name="another"), {"id": "1"}, InvalidRecord("1", "bad")])
def test_an_id_twice_is_the_callers_mistake(standin: Engine, second: Any, batch: int) -> None:
    records = [Employee(id="1"), Employee(id="2"), second]
    with AccessClient(standin.url, standin.token, batch=batch) as client:
        with pytest.raises(UsageError, match=r"^record 3: the id '1' stands twice"):
            client.decide_many(records, AT)
        with pytest.raises(UsageError, match=r"^record 3: the id '1' stands twice"):
            list(client.decide_many(iter(records), AT))


def test_several_sidecars_share_the_work_and_one_may_die(standin: Engine) -> None:
    with (
        running_engine(STANDIN / "policy", STANDIN / "config", token=standin.token) as other,
        AccessClient([standin.url, other.url], standin.token, batch=10) as client,
    ):
        decisions = []
        for decision in client.decide_many(people(5000), AT):
            decisions.append(decision)
            if len(decisions) == 100:
                os.kill(other.process.pid, signal.SIGKILL)
        assert [d.employee_id for d in decisions] == [e.id for e in people(5000)]
        assert [s.ready for s in client.status()] == [True, False]


def test_sidecars_with_different_policies_void_the_run(standin: Engine, tmp_path: Path) -> None:
    config = tmp_path / "requirements"
    config.mkdir()
    (config / "data.yaml").write_text("roles: []\n")
    with (
        running_engine(STANDIN / "policy", tmp_path, token=standin.token) as other,
        AccessClient([standin.url, other.url], standin.token, batch=10) as client,
    ):
        with pytest.raises(EngineError, match="hold different policies"):
            client.revisions()
        with pytest.raises(EngineError, match="policy changed during the run"):
            list(client.decide_many(people(500), AT))


def test_no_url_at_all_is_wrong_usage() -> None:
    with pytest.raises(UsageError), contextlib.closing(AccessClient([])):
        pass
