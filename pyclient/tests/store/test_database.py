"""The store opens, upgrades itself, and says in one line why it cannot."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from icaccess.errors import StoreError
from icaccess.store.database import open_store
from icaccess.store.database_errors import one_line
from icaccess.store.holders import everybody
from icaccess.store.lock import applying
from icaccess.store.schema import HEAD, metadata
from icaccess.store.verify import verify
from tests.stores import free_port


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_new_store_has_exactly_the_schema(store):
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_older_store_is_brought_up_to_date(store_url):
    """`older.sql` is a store in which a version with schema 0002 granted access to three, and took one's."""
    load(store_url, (Path(__file__).parent / "older.sql").read_text())
    with open_store(store_url) as store:
        with store.reading() as connection:
            differs = compare_metadata(MigrationContext.configure(connection), metadata)
            assert {what for what, *_ in differs} <= {"add_table_comment"}  # SQLite's dump has none
            assert verify(connection).seq == 18
            assert set(everybody(connection, "ledger")) == {"000000", "000002"}
        with store.writing() as connection:
            connection.execute(text("UPDATE access SET since = '2020-01-01' WHERE account = '000002'"))
        with (
            store.reading() as connection,
            pytest.raises(StoreError, match=r"the access of 000002 at ledger: .* was edited"),
        ):
            verify(connection)


def load(store_url: str, dump: str) -> None:
    """Make a store from a dump, on either kind of database."""
    if store_url.startswith("sqlite:"):
        Path(store_url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in dump.removesuffix(";\n").split(";\n"):
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_the_head_that_is_named_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", "icaccess.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_opening_again_keeps_what_was_written(store):
    with store.writing() as connection:
        connection.execute(text("INSERT INTO access (target, account, employee_id) VALUES ('t', 'a', 'e')"))
    with open_store(store.url.render_as_string(hide_password=False)) as again, again.reading() as connection:
        assert connection.execute(text("SELECT account FROM access")).scalars().all() == ["a"]


def test_reading_a_store_that_is_not_there_makes_none(tmp_path):
    with open_store(url(tmp_path / "none.db"), read_only=True) as store, store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM access")).scalar() == 0
    assert list(tmp_path.iterdir()) == []


def test_an_emptied_store_is_not_read_as_a_new_one(tmp_path):
    path = tmp_path / "x.db"
    path.touch()
    with pytest.raises(StoreError, match=r"x\.db: is empty, .*; restore a backup, or delete it if it held"):
        open_store(url(path), read_only=True)
    assert path.stat().st_size == 0
    open_store(url(path)).close()  # a change may begin in a file that somebody made for it


@pytest.mark.parametrize("left", ["lock", "key"])
def test_a_store_that_was_emptied_is_not_begun_anew(tmp_path, left):
    path = tmp_path / "x.db"
    with open_store(url(path)) as fresh, applying(fresh, "test"):
        pass
    path.write_bytes(b"")
    (tmp_path / "x.db.lock").rename(tmp_path / f"x.db.{left}")
    with pytest.raises(StoreError, match=r"x\.db: is empty, .*; restore a backup, or delete it if it held"):
        open_store(url(path))
    assert path.stat().st_size == 0


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("this is a letter, and no database, though it is long enough to be mistaken for one" * 20)
    with pytest.raises(StoreError, match=r"x\.db: is no store of icaccess, or is damaged"):
        open_store(url(path))


def test_a_database_of_something_else(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipe (name)")
    connection.close()
    with pytest.raises(StoreError, match=r"x\.db: holds the tables of something else"):
        open_store(url(path))


def test_a_store_of_a_newer_version(store):
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999, made by a newer icaccess"):
        open_store(store.url.render_as_string(hide_password=False))


def test_a_file_that_is_read_only(tmp_path):
    path = tmp_path / "x.db"
    open_store(url(path)).close()
    path.chmod(0o444)
    with pytest.raises(StoreError, match=r"x\.db: is read-only"):
        open_store(url(path))


def test_a_store_whose_version_is_lost(store, store_url):
    with store.writing() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(StoreError, match="the version of its schema is lost; restore a backup"):
        open_store(store_url)


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("disk I/O error", "the disk is full or failed; correct it, then run `icaccess audit verify`"),
        (
            "Could not decode to UTF-8 column 'x'",
            "holds bytes that are no text, so somebody edited it; restore",
        ),
    ],
    ids=["disk", "bytes"],
)
def test_what_sqlite_says_becomes_what_to_do(said, meaning):
    with pytest.raises(StoreError, match=meaning), one_line(make_url("sqlite:///x.db")):
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))


def test_a_damaged_store(tmp_path):
    path = tmp_path / "x.db"
    with open_store(url(path)) as store, store.writing() as connection:
        for number in range(2000):
            connection.execute(
                text("INSERT INTO access (target, account, employee_id) VALUES ('ledger', :a, 'e')"),
                {"a": f"{number:060}"},
            )
    content = bytearray(path.read_bytes())
    content[4096 * 12 :] = b"\xff" * (len(content) - 4096 * 12)
    path.write_bytes(content)
    with (
        pytest.raises(StoreError, match=r"x\.db: is damaged; restore a backup"),
        open_store(url(path)) as store,
        store.reading() as connection,
    ):
        connection.execute(text("SELECT * FROM access")).all()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "is not one that SQLAlchemy knows"),
        ("ledger.db", "is not one that SQLAlchemy knows"),
        ("postgresql://u:hunter2@h:port/d", "is not one that SQLAlchemy knows"),
        ("postgresql://u:hunter2@[::1/d", "is not one that SQLAlchemy knows"),
        ("mysql://u@h/d", "names mysql, which is not supported"),
        ("sqlite://", "a store in memory would forget everything"),
        ("sqlite:///:memory:", "a store in memory would forget everything"),
        ("sqlite:////proc/nowhere/x.db", "its folder cannot be made"),
        ("sqlite:////tmp", "is a folder"),
        (f"sqlite:////tmp/{'x' * 300}.db", "cannot be looked at"),
        ("postgresql://u:hunter2@127.0.0.1:9/d", "nobody answers there"),
    ],
)
def test_a_url_that_leads_nowhere(written, said):
    with pytest.raises(StoreError, match=said) as caught:
        open_store(written)
    assert "hunter2" not in str(caught.value)


def test_the_store_and_files_beside_it_are_their_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    before = os.umask(0)
    try:
        for _ in range(2):
            with open_store(f"sqlite:///{file}") as store, store.writing() as connection:
                connection.execute(text("DELETE FROM lock"))
                modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
            assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}
            file.chmod(0o644)
    finally:
        os.umask(before)


@pytest.mark.parametrize("tables", [("theirs",), ("alembic_version", "theirs"), ()], ids="+".join)
def test_what_is_no_store_stays_as_it_is(tmp_path: Path, tables: tuple[str, ...]) -> None:
    file = tmp_path / "theirs"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE {table} (version_num TEXT)")
    file.write_bytes(file.read_bytes() or b"no database")
    file.chmod(0o644)
    before = file.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError):
            open_store(url(file), read_only=read_only)
    assert file.read_bytes() == before
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("option", ["password=hunter2", "sslpassword=hunter2&sslmode=require", "hunter2=1"])
def test_no_option_of_the_store_s_url_is_shown(option: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d?{option}&connect_timeout=2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("password", "said", "shown"),
    [
        ("a", "bad value near password=a and on", "bad value near password=*** and on"),
        ("a", "database is locked", "was busy for 30 seconds"),
        ("is", "database is locked", "was busy for 30 seconds"),
        ("hunter2", "cannot use u:hunter2@db", "cannot use u:***@db"),
        ("!a", "cannot use u!a", "cannot use u***"),
    ],
    ids=["a letter", "a letter, known", "a word of it", "a word", "a sign"],
)
def test_a_password_is_no_word_s_part(password: str, said: str, shown: str) -> None:
    url = URL.create("postgresql", "u", password, "db")
    with pytest.raises(StoreError) as caught, one_line(url):
        raise OperationalError("", {}, Exception(said))
    assert shown in str(caught.value)
