"""A group of 10,000: what a run asks for and keeps grows with the members, and nothing is asked for each."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from contextlib import closing

import pytest

from icaccess.store.database import open_store
from icaccess.targets.scim_server import PAGE
from tests.scripted import ScriptedClient, do, people
from tests.serving import in_thread
from tests.targets.odd_scim import OddServer
from tests.targets.test_scim import target

JOIN = 40
"""How many are to come: two batches."""


def run(members, folder):
    """Plan, apply and verify with so many members; gives the requests by kind, and the peak of memory."""
    server = OddServer(members + JOIN)
    server.maximum = 1000
    server.group("IC", [f"u{n}" for n in range(members)])
    numbers = [f"{n}" for n in range(members + JOIN)]
    store, scim = open_store(f"sqlite:///{folder}/{members}.db"), target(server.url, match="id", group="IC")
    with in_thread(server), closing(scim), closing(store):
        tracemalloc.start()
        client = ScriptedClient(dict.fromkeys(numbers, ()))
        _, summary = do(store, scim, client, people(*numbers))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (summary.counts["verified"], summary.failures) == (JOIN, ())
    return Counter(one.partition(" ")[0] for one in server.asked), peak


@pytest.mark.slow
def test_a_run_grows_with_the_members(tmp_path):
    few, little = run(1_000, tmp_path)
    many, much = run(10_000, tmp_path)
    for members, asked in ((1_000, few), (10_000, many)):
        pages = -(-(members + JOIN) // PAGE) + 1  # the last is empty
        # The group is found once, and its members read once to plan and once to verify.
        assert asked == {"ServiceProviderConfig": 1, "Users": pages, "Groups": 3, "add": JOIN}
    assert much < 11 * little
