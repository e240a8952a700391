"""Work lists and membership exports, with a simulated Campus that does part of a list, or does it wrongly."""

from __future__ import annotations

import csv
import os
import random
from itertools import count

import pytest
from msgspec.structs import replace

from icaccess.config import load_config
from icaccess.errors import ConfigError, TargetError
from icaccess.models import Access
from icaccess.targets.campus import CampusSettings, CampusTarget
from icaccess.targets.settings import open_target
from tests.scripted import DAY, ScriptedClient, adopt, do, kinds, people, run_on, states
from tests.targets.campus_simulator import CampusSimulator

GROUP = "IC Elementary Scheduling"
PLACES = {"210": "IC ES 210", "211": "IC ES 211"}


class Dated(ScriptedClient):
    """The stand-in that also knows when what is asked for is due."""

    due = None

    def due_after(self, day):  # noqa: ARG002 (the same whatever the day)
        return self.due


@pytest.fixture
def campus(tmp_path):
    simulator = CampusSimulator(tmp_path / "campus", [GROUP, *PLACES.values()])
    simulator.members[GROUP].add("admin")
    simulator.members[PLACES["210"]].add("admin")
    simulator.export()
    return simulator


def target(campus, *, locations=False, **more):
    settings = CampusSettings(
        group=GROUP, location_groups=PLACES if locations else {}, match="username", **more
    )
    return CampusTarget(settings, campus.folder / "lists", campus.export_file)


def only_group(campus):
    """A Campus that has the one group and no others."""
    campus.members = {GROUP: campus.members[GROUP]}
    campus.export()
    return campus


def rows(path):
    with path.open(newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


def test_the_list_says_whom_to_add_and_whom_to_remove(sqlite_store, campus):
    campus = only_group(campus)
    campus.members[GROUP] |= {"user2", "useradmin"}
    campus.export()
    client = Dated({"1": ("210",), "admin": ("210",)})
    _, summary = do(sqlite_store, target(campus), client, people("1", "2", "admin"))
    assert (summary.counts, summary.complete) == ({"pending": 2}, True)
    [path] = campus.lists
    assert path.name == "20250910-000001.csv"
    assert rows(path) == [
        ("20250910-000001", "remove", "user2", GROUP, "2"),
        ("20250910-000001", "add", "user1", GROUP, "1"),
    ]


def test_pending_until_the_export_shows_it(sqlite_store, campus):
    campus = only_group(campus)
    client = Dated({"1": ("210",)})
    records = people("1")
    do(sqlite_store, target(campus), client, records)
    campus.export()
    fresh, _ = do(sqlite_store, target(campus), client, records)
    assert [(one.employee_id, one.action, one.batch) for one in fresh.pending] == [
        ("1", "grant", "20250910-000001")
    ]
    assert not fresh.changes
    assert len(campus.lists) == 1
    campus.carry_out()
    campus.export()
    fresh, _ = do(sqlite_store, target(campus), client, records)
    assert (fresh.pending, list(fresh.changes)) == ((), [])
    assert states(sqlite_store) == [("grant", "1", "verified")]


def test_what_stays_undone_past_its_day_is_overdue(sqlite_store, campus):
    campus = only_group(campus)
    client = Dated({"1": ("210",)})
    client.due = DAY.replace(day=12)
    do(sqlite_store, target(campus), client, people("1"))
    campus.export()
    for day, overdue in ((12, False), (13, True)):
        plan = run_on(people("1"), client, target(campus), sqlite_store, DAY.replace(day=day)).plan()
        assert [(one.due_on, one.overdue) for one in plan.pending] == [(client.due, overdue)]


def test_drift_and_what_is_no_longer_wanted(sqlite_store, campus):
    campus = only_group(campus)
    do(sqlite_store, target(campus), Dated({"1": ("210",)}), people("1", "2"))
    campus.members[GROUP].add("user2")
    campus.export()
    fresh, _ = do(sqlite_store, target(campus), Dated({}), people("1", "2"))
    assert [(one.employee_id, one.wanted) for one in fresh.pending] == [("1", False)]
    assert ("given", "2", "revoke") in [(one.kind, one.employee_id, one.action) for one in fresh.drift]
    assert states(sqlite_store) == [("grant", "1", "dropped"), ("revoke", "2", "pending")]
    campus.carry_out()  # the first list too, though nobody wants it any more
    campus.export()
    fresh, _ = do(sqlite_store, target(campus), Dated({}), people("1", "2"))
    assert [(one.kind, one.employee_id) for one in fresh.drift] == [("given", "1")]
    assert [(one.action, one.employee_id) for one in fresh.changes] == [("revoke", "1")]


def test_an_update_moves_between_schools(sqlite_store, campus):
    campus.members[GROUP].add("user1")
    campus.members[PLACES["210"]].add("user1")
    campus.export()
    campus_target = target(campus, locations=True)
    assert campus_target.listing().held["user1"] == Access(held=True, locations=("210",))
    do(sqlite_store, campus_target, Dated({"1": ("211",)}), people("1"))
    assert [row[1:4] for row in rows(campus.lists[0])] == [
        ("add", "user1", PLACES["211"]),
        ("remove", "user1", PLACES["210"]),
    ]
    campus.carry_out()
    campus.export()
    assert campus_target.listing().held["user1"] == Access(held=True, locations=("211",))


def test_a_location_without_a_group_is_reported(sqlite_store, campus):
    client = Dated({"1": ("212",), "2": ("210",)})
    _, summary = do(sqlite_store, target(campus, locations=True), client, people("1", "2"))
    assert [(one.change.employee_id, one.note) for one in summary.failures] == [
        ("1", "no group is configured for the location 212; add it to location_groups")
    ]
    assert {row[4] for row in rows(campus.lists[0])} == {"2"}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_with_lists(sqlite_store, campus, seed):
    rng = random.Random(seed)
    campus.random = rng
    ids = [f"{n}" for n in range(12)]
    accounts = [f"user{one}" for one in ids]
    allowed = {}
    for round_ in range(12):
        for one in rng.sample(ids, 3):
            allowed[one] = tuple(rng.sample(sorted(PLACES), rng.randint(1, 2)))
        for one in rng.sample(ids, 2):
            allowed.pop(one, None)
        last = round_ >= 9
        fresh, _ = do(sqlite_store, target(campus, locations=True), Dated(allowed), people(*ids))
        assert "useradmin" not in [change.account for change in fresh.changes]
        campus.carry_out(share=1.0 if last else 0.6, wrong=0.0 if last else 0.1)
        if not last:
            campus.change_on_its_own(accounts, times=2)
        campus.export()
    for _ in range(3):
        fresh, _ = do(sqlite_store, target(campus, locations=True), Dated(allowed), people(*ids))
        campus.carry_out()
        campus.chase({(one.batch, one.account) for one in fresh.pending})
        campus.export()
    fresh, _ = do(sqlite_store, target(campus, locations=True), Dated(allowed), people(*ids))
    assert (list(fresh.changes), fresh.pending, fresh.drift) == ([], (), ())
    shown = target(campus, locations=True).listing().held
    assert {account: set(held.locations) for account, held in shown.items() if account != "admin"} == {
        f"user{one}": set(places) for one, places in allowed.items()
    }
    assert {state for _, _, state in states(sqlite_store)} <= {"verified", "dropped"}
    assert kinds(sqlite_store)[-1] == "run_finished"


def leave(campus, *accounts):
    """Accounts that Campus shows no more, in an export that is newer than every list."""
    campus.members[GROUP] -= set(accounts)
    campus.export()


def crowd(campus, count):
    campus = only_group(campus)
    campus.members[GROUP] = {f"user{n}" for n in range(count)}
    campus.export()
    return campus, [f"{n}" for n in range(count)]


def test_lists_go_out_while_one_waits(sqlite_store, campus):
    campus, ids = crowd(campus, 6)
    for round_, gone in enumerate((["0"], ["0", "1"], ["0", "1", "2"]), 1):
        allowed = Dated(dict.fromkeys([one for one in ids if one not in gone], ("210",)))
        _, summary = do(sqlite_store, target(campus), allowed, people(*ids))
        assert (summary.counts, summary.complete) == ({"pending": 1}, True)
        waiting = target(campus).listing().waiting
        assert list(waiting) == [f"20250910-{run:06d}" for run in range(1, round_ + 1)]
    asked = [row[1:3] for path in campus.lists for row in rows(path)]
    assert asked == [("remove", "user0"), ("remove", "user1"), ("remove", "user2")]
    _, summary = do(sqlite_store, target(campus), allowed, people(*ids))
    assert (summary.counts, len(campus.lists)) == ({}, 3)
    campus.carry_out()
    campus.export()
    fresh, _ = do(sqlite_store, target(campus), allowed, people(*ids))
    assert (fresh.pending, list(fresh.changes), fresh.drift) == ((), [], ())
    assert {state for _, _, state in states(sqlite_store)} == {"verified"}
    assert not target(campus).listing().waiting


def test_an_export_that_was_made_before_the_list_verifies_nothing(sqlite_store, campus):
    campus, ids = crowd(campus, 6)
    exported = campus.export_file.stat().st_mtime_ns
    do(sqlite_store, target(campus), Dated(dict.fromkeys(ids[1:], ("210",))), people(*ids))
    leave(campus, "user0")
    os.utime(campus.export_file, ns=(exported, exported))
    do(sqlite_store, target(campus), Dated(dict.fromkeys(ids[1:], ("210",))), people(*ids))
    assert states(sqlite_store)[-1] == ("revoke", "0", "pending")


def test_an_export_that_lacks_others_too_verifies_no_removal(sqlite_store, campus):
    campus, ids = crowd(campus, 30)
    client = Dated(dict.fromkeys(ids, ("210",)))
    adopt(sqlite_store, target(campus), people(*ids))
    client = Dated(dict.fromkeys(ids[1:], ("210",)))
    do(sqlite_store, target(campus), client, people(*ids))
    leave(campus, "user0", "user7")
    fresh, _ = do(sqlite_store, target(campus), client, people(*ids))
    assert [(one.kind, one.employee_id) for one in fresh.drift] == [("taken", "7")]
    assert [(one.action, one.employee_id, one.wanted, one.proved) for one in fresh.pending] == [
        ("revoke", "0", True, False)
    ]
    assert ("revoke", "0", "pending") in states(sqlite_store)
    again, _ = do(sqlite_store, target(campus), client, people(*ids))  # the same export proves no more now
    assert again.drift == ()
    assert ("revoke", "0", "pending") in states(sqlite_store)
    leave(campus)
    do(sqlite_store, target(campus), client, people(*ids))
    assert ("revoke", "0", "verified") in states(sqlite_store)


def test_an_export_that_is_cut_short_is_refused(sqlite_store, campus):
    campus, ids = crowd(campus, 10)
    client = Dated(dict.fromkeys(ids[3:], ("210",)))
    adopt(sqlite_store, target(campus), people(*ids))
    do(sqlite_store, target(campus), client, people(*ids))
    before = states(sqlite_store)
    leave(campus, *(f"user{n}" for n in range(8)))
    with pytest.raises(TargetError, match="had 7 members in the last run, and 5 of them are not shown now"):
        do(sqlite_store, target(campus), client, people(*ids))
    assert states(sqlite_store) == before


def test_a_list_holds_no_formula_and_is_its_owner_s_alone(sqlite_store, campus):
    campus = only_group(campus)
    records = [replace(*people("1"), username='=HYPERLINK("x")'), replace(*people("2"), username="@sum")]
    do(sqlite_store, target(campus), Dated({"1": (), "2": ()}), [*records, *people("3")])
    [path] = campus.lists
    assert [row[2] for row in rows(path) if row[1] == "add"] == ['\'=hyperlink("x")', "'@sum"]
    assert path.stat().st_mode & 0o777 == 0o600


class TestBadExports:
    def fails(self, campus, said, **more):
        with pytest.raises(TargetError, match=said) as caught:
            target(campus, **more).listing()
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "line 1: has no column 'userGroup'"),
            ("username,userGroup\n", "holds no member at all, and an empty export is never believed"),
            ("username,userGroup,phone\n", "line 1: has the unknown column 'phone'"),
            ("user,userGroup\njo,x\n", "line 1: has no column 'username'"),
            (f"username,userGroup\njo,{GROUP}\nmo,Nurses\n", "line 3: is about the user group 'Nurses'"),
            (f"username,userGroup\n,{GROUP}\n,{GROUP}\n,{GROUP}\n", "3 of 3 members have no account"),
            (
                f"username,userGroup\njo,{GROUP}\nmo,\n",
                "line 3: needs one username, one userGroup and as many",
            ),
            (f"username,userGroup\nSample, Jo,{GROUP}\n", "line 2: needs one username, one userGroup and as"),
            (f"username,userGroup\njo,{GROUP},office\n", "line 2: needs one username, one userGroup and as"),
            (f"username,userGroup\nj\0o,{GROUP}\n", "line 2: needs one username, one userGroup and as"),
            (f"username,userGroup,username\njo,{GROUP},mo\n", "line 1: has the column 'username' twice"),
            ("username;userGroup\njo;{GROUP}\n", "line 1: has no column 'userGroup'; export the columns"),
            ("username,userGroup\njo\n", "line 2: needs one username, one userGroup and as many"),
            (f'username,userGroup\n"jo,{GROUP}\n', "is no CSV"),
        ],
        ids=count(),
    )
    def test_text(self, campus, text, said):
        campus.export_file.write_text(text)
        self.fails(campus, said)

    def test_an_export_that_is_not_there(self, campus):
        campus.export_file.unlink()
        self.fails(campus, "export.csv: the export cannot be read: No such file or directory")

    def test_an_export_in_another_encoding(self, campus):
        campus.export_file.write_bytes(b"username,userGroup\nj\xf6,x\n")
        self.fails(campus, "is not UTF-8")

    def test_an_export_that_is_a_folder(self, campus):
        campus.export_file.unlink()
        campus.export_file.mkdir()
        self.fails(campus, "export.csv: the export cannot be read: Is a directory; export again")

    def test_an_export_that_is_a_pipe(self, campus):
        campus.export_file.unlink()
        os.mkfifo(campus.export_file)
        self.fails(campus, "the export cannot be read: it is a pipe or device, not a file; export again")

    def test_an_export_that_is_dated_after_now(self, campus):
        os.utime(campus.export_file, (4102444800, 4102444800))
        self.fails(campus, "is dated 2100-01-01 00:00 UTC, after now; correct the clock that dated it")

    @pytest.mark.parametrize(
        "text", ["userGroup,username\n{0},Jo\n", "username,userGroup\r\nJO,{0}\r\njo,{0}"], ids=count()
    )
    def test_order_and_repeats(self, campus, text):
        campus.export_file.write_bytes(text.format(GROUP).encode())
        assert target(campus).listing().held == {"jo": Access(held=True)}

    def test_a_row_that_lacks_an_ignored_cell(self, campus):
        campus.export_file.write_text(f"username,userGroup,phone\njo,{GROUP},1\nmo,{GROUP}\n")
        self.fails(campus, "line 3: needs one username, one userGroup and as", other_columns=("phone",))

    def test_columns_that_were_named_are_welcome(self, campus):
        campus.export_file.write_text(f"\ufeffusername,phone,userGroup\nJo,1,{GROUP}\n", encoding="utf-8")
        assert target(campus, other_columns=("phone",)).listing().held == {"jo": Access(held=True)}


def test_a_list_is_never_written_over_another(campus, sqlite_store):
    campus = only_group(campus)
    (campus.folder / "lists" / "20250910-000001.csv").write_text("of another store\n")
    campus.export()
    _, summary = do(sqlite_store, target(campus), Dated({"1": ("210",)}), people("1"))
    assert "is there already and is another list; move it away" in summary.stopped
    assert {one.note for one in summary.failures} == {f"the target does not show it ({summary.stopped})"}
    assert not summary.complete


def test_a_link_of_an_editor_beside_the_lists(campus):
    campus = only_group(campus)
    (campus.folder / "lists" / ".#20250910-000001.csv").symlink_to("admin@host.4711")
    assert not target(campus).listing().waiting


def test_a_file_where_the_lists_are_to_be(campus):
    campus = only_group(campus)
    (campus.folder / "lists").rmdir()
    (campus.folder / "lists").write_text("")
    with pytest.raises(TargetError, match="the work lists cannot be read: Not a directory; correct this"):
        target(campus).listing()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{group: G, export: e.csv}", "target.campus.work_lists: is required"),
        ("{group: G, work_lists: lists}", "target.campus.export: is required"),
        ("{work_lists: lists, export: e.csv}", "target.campus: names no group"),
        ("{group: G, work_lists: lists, export: e.csv, colour: red}", "target.campus.colour: is not a known"),
    ],
    ids=count(),
)
def test_bad_settings(tmp_path, sqlite_store, settings, said):
    (tmp_path / "icaccess.yaml").write_text(f"target:\n  kind: campus\n  campus: {settings}\n")
    with pytest.raises(ConfigError, match=said):
        open_target(load_config(tmp_path), sqlite_store)


def test_relative_paths_start_at_the_configuration_folder(tmp_path, sqlite_store, campus):
    text = f"{{group: {GROUP}, match: username, work_lists: campus/lists, export: campus/export.csv}}"
    (tmp_path / "icaccess.yaml").write_text(f"target:\n  kind: campus\n  campus: {text}\n")
    only_group(campus)
    opened = open_target(load_config(tmp_path), sqlite_store)
    assert (opened.listing().held, opened.identity) == ({"admin": Access(held=True)}, f"campus {GROUP}")
