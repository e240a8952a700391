"""`icaccess.yaml`: strict, lazy, and free of secrets."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from icaccess.audit.witnesses import AuditSettings
from icaccess.config import SECTIONS, Config, Secret, SecretUrl, Section, load_config
from icaccess.config.secrets import shown_url
from icaccess.errors import ConfigError, IcaccessError
from icaccess.guard import GuardSettings
from icaccess.opa.settings import connect
from tests.naming import named_by_last


class Guard(Section, frozen=True):
    max_revocations: int = 25
    max_share: float = 0.1
    token: Secret | None = None
    url: SecretUrl | None = None
    words: tuple[str, ...] = ()
    names: dict[str, str] = msgspec.field(default_factory=dict)
    limits: dict[str, Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]] = msgspec.field(
        default_factory=dict
    )


def config(folder: Path, text: str) -> Config:
    (folder / "icaccess.yaml").write_text(text, encoding="utf-8")
    return load_config(folder)


def test_a_folder_without_a_file_stands_for_the_defaults(tmp_path: Path) -> None:
    loaded = load_config(tmp_path)
    assert str(loaded.zone) == "America/Denver"
    assert loaded.section("guard", Guard) == Guard()
    assert loaded.section("sources", list[Guard]) == []


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_stands_for_the_defaults(tmp_path: Path, text: str) -> None:
    assert config(tmp_path, text).section("guard", Guard) == Guard()


def test_a_section_is_read_as_the_type_that_its_owner_gives(tmp_path: Path) -> None:
    loaded = config(
        tmp_path, "zone: America/Chicago\nguard: {max_revocations: 3, max_share: 0.25, words: [a]}\n"
    )
    assert str(loaded.zone) == "America/Chicago"
    assert loaded.section("guard", Guard) == Guard(max_revocations=3, max_share=0.25, words=("a",))


@named_by_last(
    ("text", "says"),
    [
        ("gaurd: {}\n", "line 1: gaurd: is not a known section; known: zone, sources"),
        ("zone: America/Denber\n", "line 1: zone: 'America/Denber' is not a time zone"),
        (
            'sources: []\nguard: {words: ["\\0"]}\n',
            "line 2: guard.words[0]: holds a NUL character; remove it",
        ),
        ("zone: 7\n", "line 1: zone: 7 is not a time zone"),
        ("zone: -07:00\n", "line 1: zone: '-07:00' is not a time zone; write one such as America/Denver"),
        ("- a\n", "icaccess.yaml line 1: must be a mapping of sections"),
        ("guard: {\n", "line 2: is not YAML"),
        ("guard: {}\nguard: {}\n", "line 2: guard: is given twice; keep one"),
        ("a: &x 1\n", "line 1: a: is not a known section"),
        ("guard: &x {}\nstore: *x\n", "line 2: store: *x is an alias; write the value out"),
        ("guard: {}\n---\nguard: {}\n", "line 2: a second document starts; keep one in each file"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"icaccess\.yaml") as caught:
        config(tmp_path, text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "guard:\n  max_revocation: 3\n",
            "line 2: guard.max_revocation: is not a known field; known here: max_revocations",
        ),
        (
            "guard:\n\n  max_revocations: lots\n",
            "line 3: guard.max_revocations: must be a whole number, not text",
        ),
        (
            "guard:\n  max_revocations: 010\n",
            "line 2: guard.max_revocations: the value must be a plain decimal number",
        ),
        (
            "guard: {words: [a, 7]}\n",
            "line 1: guard.words[1]: the value does not read as text; put it in quotes",
        ),
        ("guard: []\n", "line 1: guard: must be a mapping, not a list"),
        ("guard: no\n", "line 1: guard: the value must be a mapping"),
        (
            "guard:\n  names:\n    a: b\n    c: n\n",
            "line 4: guard.names.c: the value does not read as text; put it in quotes",
        ),
        (
            "guard: {limits: {a: [x], b: [w, yes]}}\n",
            "line 1: guard.limits.b[1]: the value does not read as text; put it in quotes",
        ),
        ("guard: {limits: {a: [x], b: []}}\n", "guard.limits.b: is empty; give a value"),
        ("guard: {names: {a: b, c: }}\n", "guard.names.c: is null or left empty; give a value"),
        (
            "guard: {words: ['${NOT_SET_ANYWHERE}']}\n",
            "guard.words[0]: the environment variable NOT_SET_ANYWHERE is not set",
        ),
        ("guard: {words: ['${not a name}']}\n", "write ${NAME} for a variable or ${file:/path} for a file"),
        ("guard: {token: '${file:/no/such/file}'}\n", "guard.token: the file /no/such/file cannot be read"),
    ],
)
def test_a_section_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    loaded = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        loaded.section("guard", Guard)
    assert says in str(caught.value)


def test_an_unknown_kind_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    loaded = config(tmp_path, "audit:\n  witnesses:\n    - {type: tape}\n")
    says = r"line 3: audit\.witnesses\[0\]\.type: .* is not one of file, http, rfc3161, syslog$"
    with pytest.raises(ConfigError, match=says):
        loaded.section("audit", AuditSettings)


@pytest.mark.parametrize(
    ("setting", "given", "says"),
    [
        ("urls: [nowhere]", (), r"icaccess\.yaml: opa\.urls: must be a URL of OPA"),
        ("urls: ['http://127.0.0.1:1']\n  timeout: 0", (), r"line 3: opa\.timeout: must be more than 0"),
        ("timeout: 90000", (), r"line 2: opa\.timeout: must be at most 86400"),
        ("urls: [nowhere]", ("there",), "^--opa-url: must be a URL of OPA"),
    ],
    ids=["url", "timeout", "long", "option"],
)
def test_a_bad_setting_of_opa_says_where_it_is(
    tmp_path: Path, setting: str, given: tuple[str, ...], says: str
) -> None:
    with pytest.raises(IcaccessError, match=says):
        connect(config(tmp_path, f"opa:\n  {setting}\n"), given)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("window_hours: 0", "guard.window_hours: must be more than 0.0"),
        ("window_hours: 24h", "guard.window_hours: must be a number, not text"),
        ("window_hours: 1000000000", "guard.window_hours: must be at most 87600.0"),
        ("max_day_jump: 1000000000000", "guard.max_day_jump: must be at most 36500"),
    ],
    ids=["zero", "text", "too-long", "jump"],
)
def test_guard_times(tmp_path: Path, setting: str, says: str) -> None:
    with pytest.raises(ConfigError, match=f"line 2: {says}"):
        config(tmp_path, f"guard:\n  {setting}\n").section("guard", GuardSettings)


@pytest.mark.parametrize(
    "written",
    [
        *("token: hunter2", "token: 12345678", "url: 'https://u:hunter2@example.org'"),
        *("url: 'postgresql://u@h/d?password=hunter2'", "url: 'https://h/jobs?x=1&api_key=hunter2'"),
    ],
)
def test_a_refused_secret_in_a_file_is_not_shown(tmp_path: Path, written: str) -> None:
    loaded = config(tmp_path, f"guard:\n  {written}\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        loaded.section("guard", Guard)
    assert "hunter2" not in str(caught.value)
    assert "12345678" not in str(caught.value)


def test_secrets_of_environment_and_files_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "s3cret")
    (tmp_path / "token").write_text("t0ken\n", encoding="utf-8")
    text = f"guard: {{token: '${{file:{tmp_path}/token}}', url: 'postgresql://u:${{DB_PASSWORD}}@h/d'}}\n"
    guard = config(tmp_path, text).section("guard", Guard)
    assert guard.token is not None
    assert guard.url is not None
    assert guard.token.reveal() == "t0ken"
    assert guard.url.reveal() == "postgresql://u:s3cret@h/d"
    assert repr(guard.token) == str(guard.token) == "***"
    assert str(guard.url) == "postgresql://h/d"
    assert "s3cret" not in repr(guard)
    assert "t0ken" not in repr(guard)


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:hunter2@h/d", "postgresql://u@h/d?sslpassword=hunter2", "https://hunter2@h/d"),
        *("https://h/d#hunter2", "https://[hunter2/d", "https://h/d;key=hunter2"),
    ],
)
def test_no_form_of_url_shows_its_secret(url: str) -> None:
    assert "hunter2" not in f"{SecretUrl(url)!r} {shown_url(url)}"


@pytest.mark.parametrize("option", ["sig", "key", "access_key", "X-Amz-Signature", "client_secret"])
def test_a_secret_written_out_in_a_url_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match="a password is written out in this URL"):
        SecretUrl.from_config(f"https://h/d?a=1&{option}=hunter2")
    assert SecretUrl.from_config("postgresql://u@h/d?sslkey=client.key").reveal()


def test_a_writable_secret_is_refused_and_a_readable_one_listed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text("t0ken")
    loaded = config(tmp_path, f"guard: {{token: '${{file:{file}}}'}}\n")
    for mode, writable, readable in (
        (0o600, False, False),
        (0o644, False, True),
        (0o666, True, True),
        (0o620, True, False),
    ):
        file.chmod(mode)
        assert loaded.readable_secrets() == ([file] if readable else [])
        if writable:
            with pytest.raises(
                ConfigError, match="can be written by other users; make it private: chmod 600"
            ):
                loaded.section("guard", Guard)
        else:
            loaded.section("guard", Guard)


def test_a_url_without_a_password_may_stand_in_the_file(tmp_path: Path) -> None:
    guard = config(tmp_path, "guard: {url: 'sqlite:///var/icaccess.db'}\n").section("guard", Guard)
    assert guard.url is not None
    assert guard.url.reveal() == str(guard.url) == "sqlite:///var/icaccess.db"


def test_every_section_that_is_known_has_its_type_and_its_defaults(tmp_path: Path) -> None:
    loaded = load_config(tmp_path)
    for name, where in SECTIONS.items():
        module, _, attribute = where.partition(":")
        loaded.section(name, getattr(importlib.import_module(module), attribute))
    with pytest.raises(KeyError):
        loaded.section("nothing", Guard)


def test_check_reads_every_section(tmp_path: Path) -> None:
    config(tmp_path, "facts: {keys: {id: {zero_pad: 6}}}\n").check()
    with pytest.raises(ConfigError, match=r"line 1: facts\.keys\.id\.zero_pad: must be a whole number"):
        config(tmp_path, "facts: {keys: {id: {zero_pad: six}}}\n").check()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("email: {zero_pad: 2}, id: {zero_pad: 99}", r"keys\.id\.zero_pad: must be at most 40$"),
        ("email: {zero_pad: 2}, id: {zero_pad: -1}", r"keys\.id\.zero_pad: must be at least 0$"),
        ("email: {trim: true}, id: {trims: true}", r"keys\.id\.trims: is not a known field; "),
        ("id: {trim: true}, ids: {}", r"keys: 'ids' is not one of email, id, username$"),
    ],
    ids=["too many", "too few", "unknown", "key"],
)
def test_a_mistake_within_a_mapping_is_told_at_its_place(tmp_path: Path, keys: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config(tmp_path, f"facts: {{keys: {{{keys}}}}}\n").check()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "icaccess.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"icaccess\.yaml: cannot be read: Is a directory"):
        load_config(tmp_path)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration folder; give --config"):
        load_config(tmp_path / "absent")


def test_paths_start_at_the_configuration_folder(tmp_path: Path) -> None:
    loaded = load_config(tmp_path)
    assert loaded.path("hr.csv") == tmp_path / "hr.csv"
    assert loaded.path("/srv/hr.csv") == Path("/srv/hr.csv")
