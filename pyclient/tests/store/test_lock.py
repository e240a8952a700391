"""One apply at a time, and the other is told who."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from icaccess.errors import StoreError
from icaccess.store.database import open_store
from icaccess.store.lock import applying

HOLD = """
import sys, time
from icaccess.store.database import open_store
from icaccess.store.lock import applying
with open_store(sys.argv[1]) as store, applying(store, "test run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(store_url):
    """Another process that holds the lock."""
    open_store(store_url).close()
    process = subprocess.Popen([sys.executable, "-c", HOLD, store_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_another_process_is_named(store_url, holder):
    with (
        open_store(store_url) as store,
        pytest.raises(StoreError, match=rf"is locked by test run, process {holder.pid} of .+@.+, since 20"),
        applying(store, "me"),
    ):
        pass


def test_a_holder_that_was_killed_holds_nothing(store_url, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with open_store(store_url) as store, applying(store, "me") as lock, lock.writing():
        pass


def test_the_lock_s_file_is_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        with open_store(f"sqlite:///{tmp_path}/x.db") as store, applying(store, "test run"):
            assert (tmp_path / "x.db.lock").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_the_lock_is_free_again_afterwards(store):
    for _ in range(2):
        with applying(store, "me"):
            pass


def test_a_run_that_lost_the_lock_writes_no_more(store):
    with applying(store, "me") as lock:
        with store.writing() as connection:
            connection.execute(text("UPDATE lock SET token = 'another'"))
        with pytest.raises(StoreError, match="another run took over the lock"), lock.writing():
            pytest.fail("the block runs without the lock")
