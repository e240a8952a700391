"""What is installed without extras, and what a command says that needs one."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from icaccess.errors import ExtraMissingError

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {name: needs for name, needs in PROJECT["optional-dependencies"].items() if name != "dev"}
PEOPLE = ["--facts", "examples/facts", "--at", "2027-06-29"]
SETTINGS = {
    "ldap": "target: {type: ldap, url: ldaps://127.0.0.1:9, groups: {'210': cn=a}}\n",
    "mail": "notices: {mail: {host: 127.0.0.1, port: 9, security: none, from: access@example.org}}\n",
    "json": "sources: [{type: http, name: hr, gives: people, url: http://127.0.0.1:9/, key: {id: id}}]\n",
}


def run_without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in an interpreter that does not find `module`."""
    code = f"import sys; sys.modules[{module!r}] = None; from icaccess.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("jinja2", "report", ["report", *PEOPLE, "--out", "{folder}/report"]),
        ("psycopg", "postgres", ["audit", "verify", "--store", "postgresql://127.0.0.1:9/none"]),
        ("prometheus_client", "service", ["run"]),
        ("markdown_it", "report", ["notices", "plan", *PEOPLE, "--config", "{mail}"]),
        ("jmespath", "api", ["facts", "--config", "{json}"]),
    ],
)
def test_a_missing_extra_is_one_line(module: str, extra: str, arguments: list[str], tmp_path: Path) -> None:
    places = {"folder": str(tmp_path)}
    for name, text in SETTINGS.items():
        config = tmp_path / name
        config.mkdir()
        for part in ("requirements", "locations", "calendar"):
            (config / part).symlink_to(ROOT / "config" / part)
        (config / "icaccess.yaml").write_text(text)
        places[name] = str(config)
    done = run_without(module, *(one.format(**places) for one in arguments))
    line = f"icaccess: the package {module} is not installed; run: pip install 'icaccess[{extra}]'\n"
    assert (done.returncode, done.stderr) == (1, line)


def test_every_package_of_an_extra_is_known_by_its_module() -> None:
    optional = {need for name, needs in EXTRAS.items() if name != "all" for need in needs}
    modules = {re.split(r"[\[>=]", need)[0].replace("-py", "").replace("-", "_") for need in optional}
    for module in modules:
        error = ExtraMissingError.of(ModuleNotFoundError(name=f"{module}.part"))
        assert error is not None
        assert str(error).split("[")[1].split("]")[0] in EXTRAS
    assert ExtraMissingError.of(ModuleNotFoundError(name="click")) is None


def test_the_page_names_every_extra() -> None:
    page = (ROOT / "docs" / "library.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| (?!the sidecar)", page, re.MULTILINE)) >= EXTRAS.keys()
    (everything,) = EXTRAS["all"]
    assert set(everything.split("[")[1].rstrip("]").split(",")) == EXTRAS.keys() - {"all"}


@pytest.mark.slow
def test_a_bare_installation_decides_and_names_what_it_lacks(opa_path: Path, tmp_path: Path) -> None:
    def run(*words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{opa_path.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )
        assert done.returncode == code, done.stderr
        return done

    python, icaccess = tmp_path / "bare/bin/python", tmp_path / "bare/bin/icaccess"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "bare")
    # Hashes in a constraint would ask for one of the wheel that was built just now.
    plain = re.sub(r" \\\n +--hash=\S+", "", (ROOT / "requirements/runtime.txt").read_text())
    (tmp_path / "locked.txt").write_text(plain)
    run(python, "-m", "pip", "install", "--quiet", "--constraint", tmp_path / "locked.txt", wheel)
    installed = run(python, "-m", "pip", "list", "--format", "freeze").stdout.lower()
    names = {line.split("==")[0].replace("_", "-") for line in installed.splitlines()}
    assert not names & {"ldap3", "jinja2", "psycopg", "authlib", "prometheus-client", "rfc3161-client"}
    facts = [
        "--facts",
        ROOT / "examples/facts",
        "--at",
        "2027-06-29",
        "--store",
        f"sqlite:///{tmp_path}/s.db",
    ]
    assert "100501" in run(icaccess, "decide", "100501", *facts).stdout
    assert "revocations" in run(icaccess, "plan", *facts).stdout
    missing = run(icaccess, "report", *facts, code=1).stderr
    assert missing.endswith("the package jinja2 is not installed; run: pip install 'icaccess[report]'\n")
