"""Cerbos beside OPA: the same requirements in CEL (cerbos/access.yaml), asked about the same people.

Cerbos comes from npm into a folder of the benchmark's; where npm does not give it, the section says so.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import load
import requests
from rig import AT, Rig, timed

from icaccess.config.policy_data import PolicyData, load_policy_data
from icaccess.opa.client import BATCH
from icaccess.opa.engine import Engine, free_port
from icaccess.opa.program import environment

Facts = dict[str, Any]
Rows = list[dict[str, Any]]
VERSION = "0.55.0"
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class Cerbos(NamedTuple):
    """A running Cerbos: where it answers, and its process."""

    url: str
    process: subprocess.Popen[bytes]


class Way(NamedTuple):
    """One way to ask about some people: its name, the server that answers, and what asks."""

    name: str
    server: Cerbos | Engine
    ask: Callable[[], object]


def beside_cerbos(rig: Rig) -> Rows:
    """Verdicts in batches, in processor time of the server, and one call each by requests."""
    try:
        program = _install(rig.work / "npm")
    except (OSError, subprocess.CalledProcessError) as error:
        return [{"what": f"left out: npm does not give Cerbos {VERSION} here ({error})"}]
    people, few = rig.people(), rig.people()[: rig.given.calls]
    with (
        rig.opa() as opa,
        _running(program, load_policy_data(rig.config), rig.work / "cerbos") as cerbos,
        requests.Session() as session,
    ):
        session.headers["Authorization"] = f"Bearer {opa.token}"

        def asked(url: str, body: dict[str, Any]) -> Any:
            answer = session.post(url, json=body, timeout=60)
            answer.raise_for_status()
            return answer.json()

        def decided(rule: str, some: list[Facts]) -> dict[str, Any]:
            body = {"input": {"as_of": AT, "employees": some}}
            return dict(asked(f"{opa.url}/v1/data/access/{rule}", body)["result"])

        def decision(one: Facts) -> Any:
            return asked(f"{opa.url}/v1/data/access/decision", {"input": {"as_of": AT, "employee": one}})[
                "result"
            ]

        def checked(some: list[Facts]) -> list[dict[str, Any]]:
            return list(asked(f"{cerbos.url}/api/check/resources", _check(some))["results"])

        batches = [people[n : n + BATCH] for n in range(0, len(people), BATCH)]
        agreed = sum(_agree(decided("verdicts", some), checked(some)) for some in batches)
        if agreed != len(people):
            raise RuntimeError(f"Cerbos and the policy agree about {agreed} of {len(people)} people")
        many = [
            Way("reason codes in batches, Cerbos", cerbos, lambda: [checked(some) for some in batches]),
            Way("verdicts in batches, OPA", opa, lambda: [decided("verdicts", some) for some in batches]),
            Way("documents in batches, OPA", opa, lambda: [decided("decisions", some) for some in batches]),
        ]
        single = [
            Way("reason codes one by one, Cerbos", cerbos, lambda: [checked([one]) for one in few]),
            Way("verdicts one by one, OPA", opa, lambda: [decided("verdicts", [one]) for one in few]),
            Way("documents one by one, OPA", opa, lambda: [decision(one) for one in few]),
        ]
        return [
            *_measured(many, len(people), rig.given.rounds),
            *_measured(single, len(few), rig.given.rounds),
        ]


def _measured(ways: list[Way], people: int, rounds: int) -> Rows:
    """A row for each way; the first is what the others are compared with."""
    costs = [[_cost(way) for way in ways] for _ in range(rounds)]
    seconds = [min(cost.wall for cost in column) for column in zip(*costs, strict=True)]
    processor = [min(cost.cpu for cost in column) for column in zip(*costs, strict=True)]
    return [
        {
            "what": way.name,
            "people": people,
            "server's processor time, µs a person": 1e6 * cpu / people,
            "times Cerbos's": cpu / processor[0],
            "people a second": people / wall,
            "times as many as Cerbos": seconds[0] / wall,
        }
        for way, wall, cpu in zip(ways, seconds, processor, strict=True)
    ]


def _cost(way: Way) -> load.Cost:
    before = _processor_time(way.server.process.pid)
    wall = timed(way.ask)
    return load.Cost(wall, _processor_time(way.server.process.pid) - before)


def _processor_time(pid: int) -> float:
    """The seconds that all threads of a process have run; to the nanosecond, as few calls take little."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def _agree(verdicts: dict[str, Any], results: list[dict[str, Any]]) -> int:
    """For how many both say the same; of somebody undecided, that Cerbos does not allow."""
    agreed = 0
    for result in results:
        verdict = verdicts[result["resource"]["id"]]
        allowed = result["actions"]["access"] == "EFFECT_ALLOW"
        codes = {code for output in result.get("outputs", []) for code in output.get("val", [])}
        if verdict["outcome"] == "undecided":
            agreed += not allowed
        else:
            agreed += allowed == (verdict["outcome"] == "allow") and codes == set(verdict["codes"])
    return agreed


def _check(people: list[Facts]) -> dict[str, Any]:
    return {
        "principal": {"id": "icaccess", "roles": ["client"]},
        "resources": [
            {
                "actions": ["access"],
                "resource": {"kind": "employee", "id": one["id"], "attr": {"as_of": AT, **one}},
            }
            for one in people
        ],
    }


def _install(folder: Path) -> Path:
    """Cerbos's program, from its package for this machine."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm")
    machine = f"{platform.system().lower()}-{_MACHINES.get(platform.machine().lower(), platform.machine())}"
    name = f"cerbos-{machine}"
    wanted = f"@cerbos/{name}@{VERSION}"
    subprocess.run(
        [npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", wanted],
        check=True,
        capture_output=True,
    )
    return folder / "node_modules" / "@cerbos" / name / name


@contextlib.contextmanager
def _running(program: Path, data: PolicyData, folder: Path) -> Iterator[Cerbos]:
    """Cerbos on the policy in CEL and these values, collecting its garbage as OPA does."""
    folder.mkdir(exist_ok=True)
    address, grpc = free_port("127.0.0.1:0"), free_port("127.0.0.1:0")
    settings = {
        "server": {
            "httpListenAddr": address,
            "grpcListenAddr": grpc,
            "requestLimits": {"maxActionsPerResource": 1, "maxResourcesPerRequest": BATCH},
        },
        "storage": {
            "driver": "disk",
            "disk": {"directory": str(Path(__file__).parent / "cerbos"), "watchForChanges": False},
        },
        "engine": {"globals": _values(data)},
        "telemetry": {"disabled": True},
    }
    file = folder / "cerbos.json"
    file.write_text(json.dumps(settings))
    process = subprocess.Popen(
        [program, "server", "--config", file, "--log-level=error"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        load.await_health(f"http://{address}/_cerbos/health", process)
        yield Cerbos(f"http://{address}", process)
    finally:
        process.kill()
        process.wait()


def _values(data: PolicyData) -> dict[str, Any]:
    """The policy data as CEL wants it: gaps as durations, removal dates as a list."""
    rules = data.requirements
    first, every = rules.validity.first_removal, rules.validity.every_school_years
    summer = rules.summer or None

    def hours(days: int) -> str:
        return f"{int(timedelta(days).total_seconds()) // 3600}h"

    return {
        "roles": list(rules.roles),
        "school_location_types": list(rules.school_location_types),
        "approver_roles": list(rules.approver_roles),
        "prerequisite": rules.certifications.prerequisite,
        "required": rules.certifications.required,
        "rule_from": str(rules.job_change_rule_from),
        "lead": hours(rules.approval_lead_days),
        "assignments_gap": hours(rules.between_assignments_days + 1),
        "employments_gap": hours(rules.between_employments_days + 1),
        "summer_from": summer.from_ if summer else "99",
        "summer_through": summer.through if summer else "00",
        "removals": [str(first.replace(year=first.year + every * n)) for n in range(20)],
        "opens": rules.validity.recertification_opens,
        "locations": {name: place.type for name, place in data.locations.items()},
    }
