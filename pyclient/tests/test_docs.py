"""The documentation does what it says: its commands are run, and what they print is what it shows.

In a ```console block every line that begins with `$ ` is run by bash, in a copy of the repository. The lines
under it are what it prints on stdout and stderr: a line `…` stands for any lines, `…` within a line for any
text. In every other block, and in running text, each `icaccess` command is looked up, and so is each option
that it is given.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from icaccess.cli import cli
from icaccess.opa.engine import Engine

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SEARCH = "--anybody"
"""Commands with it search for a long time: they are run with the slow tests."""
_MENTION = re.compile(r"`(icaccess [^`]+)`")


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory, opa_path: Path) -> Path:
    """A copy of the repository as it stands, under git, in which the commands of the pages are run."""
    return copied(tmp_path_factory.mktemp("docs") / "icaccess")


def copied(place: Path) -> Path:
    """The repository as it stands, copied and put under git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    git = ["git", "-c", "user.name=docs", "-c", "user.email=docs@example.org"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "-mDocs"],
    ):
        subprocess.run([*git, *command], cwd=place, check=True)
    return place


def _consoles() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for language, text in _BLOCK.findall(page.read_text()):
            if language == "console":
                yield page, text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        # A block goes on where the one before left the copy: those of a page run in order, by one worker.
        pytest.param(
            page,
            text,
            id=f"{page.stem}: {text.splitlines()[0]}"[:32],
            marks=pytest.mark.xdist_group(f"docs of {page.stem}"),
        )
        for page, text in _consoles()
    ],
)
def test_commands_print_what_is_shown(page: Path, text: str, copy: Path, tmp_path: Path) -> None:
    run_block(page, text, copy, tmp_path, searches=False)


@pytest.mark.slow
def test_searches_print_what_is_shown(tmp_path: Path, opa_path: Path) -> None:
    place = copied(tmp_path / "icaccess")
    pages = {page for page, text in _consoles() if _SEARCH in text}
    assert pages
    for page, text in _consoles():
        if page in pages:
            run_block(page, text, place, tmp_path, searches=True)


def run_block(page: Path, text: str, copy: Path, work: Path, *, searches: bool) -> None:
    """Run the commands of a block, without searches unless they are wanted, and compare what they print."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICACCESS_")} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ICACCESS_STORE": f"sqlite:///{work}/icaccess.db",
        "COLUMNS": "100",
        "GIT_AUTHOR_NAME": "docs",
        "GIT_AUTHOR_EMAIL": "docs@example.org",
        "GIT_COMMITTER_NAME": "docs",
        "GIT_COMMITTER_EMAIL": "docs@example.org",
    }
    steps = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert steps[0] == "", f"{page.name}: a console block begins with a command"
    exit_code = 0
    for step in steps[1:]:
        command, _, shown = step.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = f"{command[:-1]}{more.removeprefix('> ')}"
        if _SEARCH in command and not searches:
            continue
        done = subprocess.run(
            ["bash", "-c", f"(exit {exit_code}); {command}"],
            cwd=copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        exit_code = done.returncode
        # Whether a result was in the cache depends on what ran before.
        printed = re.sub(r"^nothing has changed since .*\n", "", done.stdout, flags=re.MULTILINE)
        assert _as_shown(shown).fullmatch(printed), f"$ {command}\n{printed}"


def test_python_of_the_readme_runs(engine: Engine) -> None:
    (code,) = [
        text for language, text in _BLOCK.findall((ROOT / "README.md").read_text()) if language == "python"
    ]
    assert code.count('"http://127.0.0.1:8181", token="…"') == 1
    here = code.replace('"http://127.0.0.1:8181", token="…"', f'"{engine.url}", token="{engine.token}"')
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, check=True)
    (shown,) = re.findall(r"print\(.*\)  # (.*)", code)
    assert done.stdout == f"{shown}\n"


def _as_shown(shown: str) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))


def _commands(page: Path) -> Iterator[str]:
    text = page.read_text()
    yield from _MENTION.findall(_BLOCK.sub("", text))
    for _, block in _BLOCK.findall(text):
        for line in re.sub(r"\\\n>? *", " ", block).splitlines():
            if found := re.match(r"(?:\$ )?(?:\S+=\S+ )*(?:\.venv/bin/)?(icaccess .*)", line):
                yield found.group(1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_exist(page: Path) -> None:
    for line in _commands(page):
        words = shlex.split(line.split("#")[0].replace("|", " | ").replace("…", ""), posix=False)[1:]
        command: click.Command = cli
        context = click.Context(cli)
        for word in words:
            if word in {"|", ">", ">>", "&&", ";"}:
                break
            if isinstance(command, click.Group) and not word.startswith("-"):
                found = [command.get_command(context, name) for name in re.split(r"[|/]", word)]
                assert all(found), f"{page.name}: no command {word!r}: {line}"
                command = found[0] or command
            elif word.startswith("--") and word not in {"--help", "--version"}:
                options = {option for parameter in command.params for option in parameter.opts}
                assert word.split("=")[0] in options, f"{page.name}: no option {word}: {line}"


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not re.match(r"\w+:", target):
            assert (page.parent / target).exists(), f"{page.name}: no file {target}"
