"""What the client is held against: OPA alone, one call per employee, and an OPA that is instant."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import re
import resource
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from icaccess.opa.engine import Engine, free_port
from icaccess.opa.program import environment

Facts = dict[str, Any]
_ID = re.compile(rb'"id": ?"([^"]*)"')
PATH = "/v1/data/access/decisions?provenance=true&strict-builtin-errors=true"


class Cost:
    """What a piece of work took: `wall` and `cpu` seconds, and the `peak` memory of a process in MB."""

    def __init__(self, wall: float, cpu: float, peak: float = 0.0) -> None:
        self.wall, self.cpu, self.peak = wall, cpu, peak


def bodies(people: list[Facts], at: str, batch: int) -> list[bytes]:
    """The requests that ask for all `people`, `batch` in each; one for nobody where there are none."""
    return [
        json.dumps({"input": {"as_of": at, "employees": people[n : n + batch]}}).encode()
        for n in range(0, max(1, len(people)), batch)
    ]


def opa_alone(url: str, token: str, requests: list[bytes], connections: int) -> float:
    """Seconds in which OPA answers all `requests`, sent ready-made; its answers are read and thrown away."""
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    for body in [*requests, *[None] * connections]:
        waiting.put(body)
    failures: list[str] = []

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while (body := waiting.get()) is not None:
            connection.request("POST", PATH, body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                failures.append(f"HTTP {response.status}")
                return
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"OPA alone: {failures[0]}")
    return time.perf_counter() - begun


@contextlib.contextmanager
def by_requests(url: str, token: str, at: str) -> Iterator[Callable[[Facts], str]]:
    """A function that gives one employee's outcome by requests, over one kept connection."""
    import requests

    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"

        def ask(employee: Facts) -> str:
            answer = session.post(
                f"{url}/v1/data/access/decision",
                json={"input": {"as_of": at, "employee": employee}},
                timeout=30,
            )
            answer.raise_for_status()
            outcome: str = answer.json()["result"]["outcome"]
            return outcome

        yield ask


@contextlib.contextmanager
def by_http_client(url: str, token: str) -> Iterator[Callable[[str, bytes], bytes]]:
    """A function that gives OPA's answer to ready-made bytes, over one kept connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(rule: str, body: bytes) -> bytes:
        connection.request("POST", PATH.replace("decisions", rule), body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"OPA: HTTP {response.status}")
        return content

    with contextlib.closing(connection):
        yield ask


def one_call_each_by_requests(url: str, token: str, people: list[Facts], at: str) -> float:
    """Seconds for one POST per employee, over one kept connection, each answer decoded."""
    with by_requests(url, token, at) as ask:
        begun = time.perf_counter()
        for employee in people:
            ask(employee)
        return time.perf_counter() - begun


@contextlib.contextmanager
def without_authorization(opa: Engine, policy: Path | None = None) -> Iterator[str]:
    """The URL of one more OPA that anybody may ask, on the same bundles, or on another `policy`."""
    address = free_port("127.0.0.1:0")
    started = cast("list[str]", opa.process.args)
    options = [option for option in started if not option.startswith("--auth")]
    options[options.index("--addr") + 1] = address
    options[options.index("--bundle") + 1] = str(policy or opa.bundles.policy)
    process = subprocess.Popen(options, env=environment(), stderr=subprocess.DEVNULL)
    try:
        await_health(f"http://{address}/health", process)
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server says that it is well; `RuntimeError` when its process ends."""
    while subprocess.run(["curl", "-sf", url], stdout=subprocess.DEVNULL, check=False).returncode:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.1)


def one_call_each_by_opa_python_client(url: str, token: str, people: list[Facts], at: str) -> float:
    """The same by opa-python-client, as its own documentation calls it."""
    from opa_client.opa import OpaClient

    address = urlsplit(url)
    client = OpaClient(host=address.hostname, port=address.port, headers={"Authorization": f"Bearer {token}"})
    begun = time.perf_counter()
    for employee in people:
        answer = client.query_rule(
            input_data={"as_of": at, "employee": employee}, package_path="access", rule_name="decision"
        )
        _ = answer["result"]["outcome"]
    taken = time.perf_counter() - begun
    client.close_connection()
    return taken


def opa_eval(opa: Path, root: Path, people: list[Facts], at: str, folder: Path) -> Cost:
    """`opa eval` on a file that holds everybody, its start-up included."""
    data = folder / "input.json"
    data.write_text(json.dumps({"as_of": at, "employees": people}))
    command = [opa, "eval", "--bundle", root / "policy", "--bundle", root / "config", "--input", data]
    return run([*command, "--format", "raw", "data.access.decisions"])


def run(command: list[Any], env: dict[str, str] | None = None, ok: tuple[int, ...] = (0,)) -> Cost:
    """Run a program to its end, its output thrown away; `RuntimeError` when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    with process.stderr or contextlib.nullcontext() as stderr:
        said = stderr.read() if stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode not in ok:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said.decode()[-300:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def memory_of(pid: int) -> float:
    """The peak memory of another process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def own_memory() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def instant_opa(answers: dict[bytes, bytes]) -> Iterator[str]:
    """The URL of a server, in a process of its own, that gives OPA's recorded answers at once from memory.

    It tells requests apart by the first employee in them, as `record` keeps them. Ids that differ in their
    first two digits alone (`blocks`) are given the answer of those that begin with 00.
    """
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(answers))
    server.daemon_threads = True
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
        os._exit(0)
    server.server_close()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def _handler(answers: dict[bytes, bytes]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline():
                length = 0
                while (header := self.rfile.readline()) != b"\r\n":
                    name, _, value = header.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                body = self.rfile.read(length)
                asked = first_id(body)
                content = answers[b"00" + asked[2:] if asked else b""]
                if asked and not asked.startswith(b"00"):
                    content = content.replace(b'"00', b'"' + asked[:2])
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % len(content)
                    + content
                )

    return Handler


def blocks(people: list[Facts], size: int) -> Iterator[Facts]:
    """As many as `size` people, made by repeating `people` with other first two digits in their ids."""
    for number in range(size):
        employee = people[number % len(people)]
        yield employee | {"id": f"{number // len(people):02}{employee['id'][2:]}"}


def first_id(body: bytes) -> bytes:
    """The id of the first employee in a request; nothing where there is none."""
    found = _ID.search(body)
    return found[1] if found else b""


def record(url: str, token: str, requests: Iterable[bytes]) -> dict[bytes, bytes]:
    """OPA's own answer to each request, by the first employee asked about."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    kept = {}
    for body in requests:
        connection.request("POST", PATH, body, {"Authorization": f"Bearer {token}"})
        kept[first_id(body)] = connection.getresponse().read()
    connection.close()
    return kept
