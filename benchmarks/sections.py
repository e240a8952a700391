"""The sections of the benchmark: each measures one question, and gives its rows."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import load
import msgspec
import population
from rig import AT, Rig, timed

from icaccess.cli import COMMANDS
from icaccess.models import Employee
from icaccess.opa.bundles import build, policy_tree, shipped
from icaccess.opa.client import BATCH, AccessClient
from icaccess.opa.program import find_opa

Rows = list[dict[str, Any]]
SHARED = secrets.token_urlsafe()
"""The token of sidecars that one client asks."""
_WHOLE = 1000
"""Of multiples of so many people all are in whole batches, of which there are recorded answers."""


def throughput(rig: Rig) -> Rows:
    """Everybody decided: by OPA alone, by the client, by the command line, and one call for each."""
    people = rig.people()
    requests = load.bodies(people, AT, BATCH)
    records = msgspec.convert(people, list[Employee])
    few = people[: rig.given.calls]
    env: dict[str, str]
    with rig.opa() as opa, rig.opa_beside() as beside, AccessClient(opa.url, opa.token) as client:
        env = rig.environment([opa.url], opa.token)
        asked = beside or opa
        concurrency, _ = min(
            ((n, load.opa_alone(opa.url, opa.token, requests, n)) for n in (1, 2, 3, 4)),
            key=lambda pair: pair[1],
        )
        plan = rig.command("plan", "--facts", rig.facts(), "--at", AT)
        decide = rig.command("decide", "--format", "jsonl", "--facts", rig.facts(), "--at", AT)
        alone, in_process, planned, decided, calls, others, before = rig.best(
            lambda: load.opa_alone(opa.url, opa.token, requests, concurrency),
            lambda: timed(lambda: deque(client.decide_json(iter(records), population.AT), maxlen=0)),
            lambda: rig.wall(plan, env).wall,
            lambda: rig.wall(decide, env).wall,
            lambda: load.one_call_each_by_requests(opa.url, opa.token, few, AT),
            lambda: load.one_call_each_by_opa_python_client(opa.url, opa.token, few, AT),
            lambda: load.one_call_each_by_requests(asked.url, asked.token, few, AT),
        )
    sample = people[:2000]
    evaluated = load.opa_eval(find_opa(), rig.root, sample, AT, rig.work)
    size = len(people)
    rows = [
        (f"OPA alone, {concurrency} connections, batches of {BATCH}", size, alone),
        ("AccessClient.decide_json", size, in_process),
        ("icaccess decide --format jsonl, whole process", size, decided),
        ("icaccess plan, whole process", size, planned),
        ("one call each, requests", len(few), calls),
        ("one call each, opa-python-client", len(few), others),
        *([("one call each, requests, the checkout beside", len(few), before)] if beside else []),
        ("opa eval on a file, start-up included", len(sample), evaluated.wall),
    ]
    return [
        {
            "what": what,
            "people": count,
            "seconds": seconds,
            "decisions/s": count / seconds,
            "time against OPA alone": (seconds / count) / (alone / size),
        }
        for what, count, seconds in rows
    ]


def ceiling(rig: Rig) -> Rows:
    """The client and `plan` against an OPA that answers at once from memory."""
    size = -(-min(rig.given.size, 100_000) // _WHOLE) * _WHOLE
    people = rig.people(size)
    records = msgspec.convert(people, list[Employee])
    with rig.opa() as opa:
        answers = load.record(opa.url, opa.token, load.bodies(people, AT, BATCH))
        answers |= load.record(opa.url, opa.token, load.bodies([], AT, 1))
    with load.instant_opa(answers) as url, AccessClient(url) as client:
        plan = rig.command("plan", "--facts", rig.facts(size), "--at", AT)
        typed, raw, planned = rig.best(
            lambda: timed(lambda: deque(client.decide_many(iter(records), population.AT), maxlen=0)),
            lambda: timed(lambda: deque(client.decide_json(iter(records), population.AT), maxlen=0)),
            lambda: rig.wall(plan, rig.environment([url], "none")).wall,
        )
    return [
        {"what": what, "people": size, "seconds": seconds, "decisions/s": size / seconds}
        for what, seconds in (
            ("AccessClient.decide_json", raw),
            ("AccessClient.decide_many, typed", typed),
            ("icaccess plan, whole process", planned),
        )
    ]


def nightly(rig: Rig) -> Rows:
    """A plan when some have changed since decisions were kept, against deciding everybody."""
    rows: Rows = []
    with rig.opa() as opa:
        env = rig.environment([opa.url], opa.token, "nightly")
        same = ["--facts", rig.facts(), "--at", AT]
        rig.wall(rig.command("adopt", *same), env)
        for _ in range(2):  # the first gives and takes access, which changes facts; the second is settled
            rig.wall(rig.command("apply", "--yes", *same), env)
        for share in rig.given.shares:
            command = rig.command("plan", "--facts", rig.facts(changed=share), "--at", AT)
            quick, full = rig.best(
                lambda command=command: rig.wall(command, env).wall,  # type: ignore[misc]  # no type is inferred for its default
                lambda command=command: rig.wall([*command, "--full"], env).wall,  # type: ignore[misc]  # no type is inferred for its default
            )
            rows.append(
                {
                    "facts changed": f"{share:.0%}",
                    "people": rig.given.size,
                    "plan, seconds": quick,
                    "plan --full, seconds": full,
                    "times faster": full / quick,
                    "client peak, MB": rig.wall(command, env).peak,
                }
            )
    return rows


def by_population(rig: Rig) -> Rows:
    """Cost for each person and memory, by the size of the population."""
    rows: Rows = []
    for size in rig.given.sizes:
        with rig.opa() as opa:
            env = rig.environment([opa.url], opa.token, f"population-{size}")
            cost = rig.wall(rig.command("plan", "--facts", rig.facts(size), "--at", AT), env)
            rows.append(
                {
                    "people": size,
                    "seconds": cost.wall,
                    "µs a person": 1e6 * cost.wall / size,
                    "client CPU, µs a person": 1e6 * cost.cpu / size,
                    "client peak, MB": cost.peak,
                    "OPA peak, MB": load.memory_of(opa.process.pid),
                }
            )
    return rows


def client_alone(rig: Rig) -> Rows:
    """The client's own cost and memory by the size of the population, against an OPA that is instant."""
    rows: Rows = []
    people = rig.people(10_000)
    with rig.opa() as opa:
        answers = load.record(opa.url, opa.token, load.bodies(people, AT, BATCH) + load.bodies([], AT, 1))
    with load.instant_opa(answers) as url:
        for given in rig.given.sizes:
            size = -(-given // _WHOLE) * _WHOLE
            facts = rig.work / "blocks.jsonl"
            with facts.open("wb") as file:
                file.writelines(msgspec.json.encode(one) + b"\n" for one in load.blocks(people, size))
            env = rig.environment([url], "none", f"client-{size}")
            for name in ("decide --format jsonl", "plan"):
                cost = rig.wall(rig.command(*name.split(), "--facts", facts, "--at", AT), env)
                rows.append(
                    {
                        "command": name,
                        "people": size,
                        "seconds": cost.wall,
                        "µs a person": 1e6 * cost.wall / size,
                        "people/s": size / cost.wall,
                        "client peak, MB": cost.peak,
                    }
                )
            facts.unlink()
    return rows


def sidecars(rig: Rig) -> Rows:
    """One, two and four sidecars, each held to one core."""
    people = rig.people(min(rig.given.size, 20_000))
    records = msgspec.convert(people, list[Employee])
    rows: Rows = []
    os.environ["GOMAXPROCS"] = "1"
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(rig.opa(token=SHARED)) for _ in range(4)]
        del os.environ["GOMAXPROCS"]
        for count in (1, 2, 4):
            urls = [opa.url for opa in running[:count]]
            with AccessClient(urls, SHARED, connections=2) as client:
                (seconds,) = rig.best(
                    lambda client=client: timed(  # type: ignore[misc]  # no type is inferred for its default
                        lambda: deque(client.decide_json(iter(records), population.AT), maxlen=0)
                    )
                )
            speed = len(people) / seconds
            rows.append({"sidecars of one core": count, "people": len(people), "decisions/s": speed})
    return [row | {"times one": row["decisions/s"] / rows[0]["decisions/s"]} for row in rows]


def startup(rig: Rig) -> Rows:
    """How long each command takes to say what it can do."""
    helps = ["icaccess --help", *(f"icaccess {name} --help" for name in COMMANDS)]
    commands = [("python -c pass", [sys.executable, "-c", "pass"])]
    commands += [(name, [sys.executable, "-m", *name.split()]) for name in helps]
    work = [lambda command=command: load.run(command).wall for _, command in commands]  # type: ignore[misc]  # no type is inferred for its default
    return [
        {"command": name, "seconds": seconds}
        for (name, _), seconds in zip(commands, rig.best(*work), strict=True)
    ]


def one_call(rig: Rig) -> Rows:
    """One decision for each call on a warm sidecar, and what authorization and unchecked policy data take."""
    people = rig.people(rig.given.calls)
    records = msgspec.convert(people, list[Employee])
    bodies = [msgspec.json.encode({"input": {"as_of": AT, "employee": one}}) for one in people]
    unchecked, limits = rig.work / "policy.tar.gz", shipped(rig.config, "capabilities.json")
    build(find_opa(), "policy", policy_tree(rig.root / "policy"), unchecked, limits)
    with contextlib.ExitStack() as stack:
        opa = stack.enter_context(rig.opa())
        anybody = stack.enter_context(load.without_authorization(opa))
        checking = stack.enter_context(load.without_authorization(opa, unchecked))
        client = stack.enter_context(AccessClient(opa.url, opa.token))
        ask = stack.enter_context(load.by_http_client(opa.url, opa.token))
        ask_openly = stack.enter_context(load.by_http_client(anybody, opa.token))
        ask_checking = stack.enter_context(load.by_http_client(checking, opa.token))
        by_requests = stack.enter_context(load.by_requests(opa.url, opa.token, AT))
        beside = stack.enter_context(rig.opa_beside())
        ways: dict[str, Callable[[int], object]] = {
            "a day due, http.client": lambda n: ask("due_after", bodies[n]),
            "a day due, http.client, no authorization": lambda n: ask_openly("due_after", bodies[n]),
            "a decision, http.client": lambda n: ask("decision", bodies[n]),
            "a decision, http.client, no authorization": lambda n: ask_openly("decision", bodies[n]),
            "a decision, http.client, the same, policy data checked anew": lambda n: ask_checking(
                "decision", bodies[n]
            ),
            "a decision, AccessClient.decide": lambda n: client.decide(records[n], population.AT),
            "a decision, requests": lambda n: by_requests(people[n]),
        }
        if beside is not None:
            ask_beside = stack.enter_context(load.by_http_client(beside.url, beside.token))
            ways["a decision, http.client, the checkout beside"] = lambda n: ask_beside("decision", bodies[n])
        times: dict[str, list[float]] = {name: [] for name in ways}
        for round_ in range(rig.given.rounds + 1):
            for number in range(len(people)):
                for name, way in ways.items():
                    seconds = timed(lambda way=way, number=number: way(number))
                    if round_:  # the first round warms up
                        times[name].append(seconds)
    quick = {name: statistics.quantiles(taken, n=10)[0] for name, taken in times.items()}
    return [
        {
            "what": name,
            "ms, median": 1e3 * statistics.median(taken),
            "ms, fastest tenth": 1e3 * quick[name],
            "times http.client": quick[name] / quick["a decision, http.client"],
        }
        for name, taken in times.items()
    ]


def decide_one(rig: Rig) -> Rows:
    """`icaccess decide ID` on a warm sidecar, against curl with the same query and Python doing nothing."""
    (someone,) = rig.people(1)
    facts = rig.facts(1)
    query = rig.work / "query.json"
    query.write_bytes(msgspec.json.encode({"input": {"as_of": AT, "employee": someone}}))
    with rig.opa() as opa:
        env = rig.environment([opa.url], opa.token)
        header = rig.work / "header"
        header.write_text(f"Authorization: Bearer {opa.token}\n")
        url = f"{opa.url}/v1/data/access/decision"
        curl = ["curl", "-sf", "-H", f"@{header}", "--data", f"@{query}", url]
        decide = rig.command("decide", someone["id"], "--facts", facts, "--at", AT)
        times = [
            rig.best(
                lambda: load.run(curl).wall,
                lambda: load.run([sys.executable, "-c", "pass"]).wall,
                lambda: rig.wall([*decide, "--format", "jsonl"], env).wall,
                lambda: rig.wall(decide, env).wall,
            )
            for _ in range(3)
        ]
    by_curl, bare, decided, explained = (min(column) for column in zip(*times, strict=True))
    return [
        {"what": what, "seconds": seconds, "times curl + python": seconds / (by_curl + bare)}
        for what, seconds in (
            ("curl of the same query", by_curl),
            ("python -c pass", bare),
            ("icaccess decide ID --format jsonl", decided),
            ("icaccess decide ID, explained", explained),
        )
    ]
