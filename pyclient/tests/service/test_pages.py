"""The pages: what they answer in each state, over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from icaccess.errors import UsageError
from icaccess.service.pages import pages
from icaccess.service.state import State


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def url(state: State) -> Iterator[str]:
    with pages(state, "127.0.0.1:0") as address:
        yield f"http://{address}"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=60)


def test_alive_from_the_start_and_ready_after_a_run_that_ends_well(state: State, url: str) -> None:
    assert get(f"{url}/healthz").status_code == 200
    assert get(f"{url}/readyz").status_code == 503
    state.ended("done", 0)
    state.phase("waiting")
    answer = get(f"{url}/readyz")
    assert (answer.status_code, answer.json()["phase"], answer.json()["failures"]) == (200, "waiting", 0)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_failure_stands_on_all_three_pages_until_a_run_ends_well(state: State, url: str) -> None:
    state.ended("done", 0)
    state.ended("failed", 1, "EngineError")
    health, ready, metrics = (get(f"{url}/{page}") for page in ("healthz", "readyz", "metrics"))
    # To start the service anew would not help, so it is still alive.
    assert (health.status_code, ready.status_code) == (200, 503)
    assert health.json()["error"] == ready.json()["error"] == "EngineError"
    assert "icaccess_consecutive_failures 1.0" in metrics.text
    assert 'icaccess_runs_total{outcome="failed"} 1.0' in metrics.text
    state.ended("done by another", 0)
    assert get(f"{url}/readyz").status_code == 200
    assert get(f"{url}/readyz").json()["error"] is None
    assert "icaccess_consecutive_failures 0.0" in get(f"{url}/metrics").text


@pytest.mark.parametrize("outcome", ["locked", "void"])
def test_waiting_for_a_run_or_a_policy_is_no_failure(state: State, url: str, outcome: str) -> None:
    state.ended("done", 0)
    state.ended(outcome, 0)  # type: ignore[arg-type]  # one of the outcomes
    assert get(f"{url}/readyz").status_code == 200


def test_nothing_else_is_served(url: str) -> None:
    assert get(f"{url}/").status_code == 404
    assert get(f"{url}/metrics/../healthz/x").status_code == 404
    assert requests.post(f"{url}/healthz", timeout=60).status_code == 405


def test_a_client_that_says_nothing_holds_nobody_up(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))):
        assert get(f"{url}/healthz").status_code == 200


def test_a_port_in_use_gets_one_line(state: State) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(UsageError, match=f"^listen {listen}: Address already in use; give another"),
            pages(state, listen),
        ):
            pass
