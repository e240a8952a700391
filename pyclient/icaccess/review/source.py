"""A policy folder as a reviewer sees it: its rules with their annotations, as OPA itself parses them."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from icaccess import __version__
from icaccess.errors import ConfigError, EngineError, PolicyError, file_errors
from icaccess.files import file_to_read
from icaccess.marked_yaml import read_file
from icaccess.opa.bundles import first_complaint, shipped
from icaccess.opa.program import environment
from icaccess.review.cache import Value, from_cache
from icaccess.review.modules import Module, Rule, module_of

CLAUSES = "clauses.yaml"
"""The file of a policy that lists the clauses of the posted requirements, and is the only one that does."""

_PATIENCE = 600.0
"""How many seconds each of OPA's commands may take."""

POLICY_DATA = ("requirements", "locations", "calendar")


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not in order: which check, where, and what to do."""

    rule: str
    file: str
    line: int
    message: str


_Syntax = dict[str, dict[str, Any]]
"""What OPA's parser says of texts of Rego, by their SHA-256."""

_PARSED: _Syntax = {}
"""What this process has had parsed, so that two versions share the files that do not differ."""


class PolicySource:
    """The policy and the policy data in two folders, and what OPA's own tools say of them."""

    def __init__(self, opa: Path, policy: Path, config: Path, *, use_cache: bool = True) -> None:
        """`use_cache` says whether results of the same policy, policy data and OPA come from the cache."""
        self.opa = opa
        self.policy = policy
        self.config = config
        self.use_cache = use_cache

    @cached_property
    def clauses(self) -> tuple[str, ...]:
        """The posted clauses in their order; `PolicyError` when the policy's list of them cannot be read."""
        file = self.policy / CLAUSES
        found = read_file(file, PolicyError, "the policy needs it; write it, or let this user read it").value
        try:
            return tuple(str(entry["clause"]) for entry in found["clauses"])
        except (TypeError, KeyError) as error:
            raise PolicyError(
                f"{file}: is no list of clauses; write `clauses: [{{clause: …}}, …]`"
            ) from error

    @cached_property
    def rego_files(self) -> list[Path]:
        """Every file of Rego but tests, in order; `PolicyError` when there is none."""
        found = [file for file in self._all_files if not self._is_test(file)]
        if not found:
            raise PolicyError(f"{self.policy} holds no Rego rules: give the policy folder with --policy")
        return found

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each of these files, by its name in the policy folder."""
        return {file.relative_to(self.policy).as_posix(): file.read_text("utf-8") for file in self.rego_files}

    @cached_property
    def test_files(self) -> list[Path]:
        """Every file of Rego that is there for tests: those named so, and all under `tests/`."""
        return [file for file in self._all_files if self._is_test(file)]

    @cached_property
    def case_files(self) -> list[Path]:
        """Every file of cases, in order: `tests/cases/<name>/data.yaml`; `PolicyError` on another name."""
        found = sorted((self.policy / "tests" / "cases").rglob("*"))
        for file in found:
            # Its cases would never be tried, and nobody told.
            if file.suffix.lower() in {".yaml", ".yml", ".json"} and file.name != "data.yaml":
                raise PolicyError(
                    f"{file}: is not read, since files of cases are named data.yaml; "
                    "rename it, in a folder of its own"
                )
        return [file for file in found if file.name == "data.yaml"]

    @property
    def data_arguments(self) -> list[str]:
        """The policy data as OPA's arguments, each under its own name."""
        found = [name for name in POLICY_DATA if (self.config / name / "data.yaml").is_file()]
        if not found:
            raise ConfigError(f"{self.config} holds no policy data, such as requirements/data.yaml")
        return [f"{name}:{self.config / name / 'data.yaml'}" for name in found]

    @property
    def test_data(self) -> list[str]:
        """The data that stand with the tests as OPA's arguments, each under its folder's name."""
        files = sorted((self.policy / "tests").rglob("data.yaml"))
        return [f"{'.'.join(file.parent.relative_to(self.policy).parts)}:{file}" for file in files]

    @cached_property
    def policy_data(self) -> dict[str, Any]:
        """The values of the policy data, by the name of each document."""
        loaded: dict[str, Any] = value_of(self.evaluate("data", self.data_arguments))
        return loaded

    @cached_property
    def modules(self) -> list[Module]:
        """The policy, file by file; `PolicyError` when one does not parse."""
        return self._modules(self.rego_files)

    @cached_property
    def test_modules(self) -> list[Module]:
        """The tests, file by file; `PolicyError` when one does not parse."""
        return self._modules(self.test_files)

    @cached_property
    def sidecar_modules(self) -> list[Module]:
        """The rules of the sidecar and their tests, file by file; `PolicyError` when one does not parse."""
        return self._modules(self._sidecar_files)

    def _modules(self, files: Sequence[Path]) -> list[Module]:
        texts = {file: file.read_bytes() for file in files}
        digests = {file: hashlib.sha256(text).hexdigest() for file, text in texts.items()}
        if unread := {digest: file for file, digest in digests.items() if digest not in _PARSED}:

            def parse() -> _Syntax:
                with ThreadPoolExecutor(2) as pool:
                    new = pool.map(lambda file: self._parsed(file, texts[file]), unread.values())
                    return dict(zip(unread, new, strict=True))

            _PARSED.update(self.cached("syntax", _Syntax, parse, *unread))
        return [module_of(str(file), _PARSED[digest]) for file, digest in digests.items()]

    @cached_property
    def rules(self) -> list[Rule]:
        """Every rule of the policy, in the order of the files."""
        return [rule for module in self.modules for rule in module.rules]

    @cached_property
    def test_rules(self) -> list[Rule]:
        """Every rule that stands with the tests, in the order of the files."""
        return [rule for module in self.test_modules for rule in module.rules]

    @property
    def schemas(self) -> Path | None:
        """Where the schemas of input and policy data are, if the policy has any."""
        folder = self.policy / "schemas"
        return folder if folder.is_dir() else None

    @cached_property
    def complaints(self) -> list[tuple[str, str]]:
        """What OPA's own strict check has against policy and tests, as `(file:line, message)`.

        It is made with the schemas and the capabilities.
        """

        def check() -> list[tuple[str, str]]:
            schemas = [] if self.schemas is None else ["--schema", str(self.schemas)]
            limits = ["--capabilities", str(shipped(self.config, "capabilities.json"))]
            options = ["--strict", "--max-errors", "0", "--format", "json", *schemas, *limits]
            done = self.run("check", *options, *self.rego_files, *self.test_files)
            return complaints(done.stderr) if done.returncode else []

        return self.cached("compile", list[tuple[str, str]], check)

    def require_compiles(self) -> None:
        """Raise `PolicyError` with OPA's first complaint when policy or tests do not compile."""
        for where, text in self.complaints:
            raise PolicyError(f"{where}: {text}")

    def evaluate(self, query: str, loaded: Iterable[str | Path], *options: str | Path) -> dict[str, Any]:
        """OPA's whole answer to a query over files of policy and data.

        Raises `PolicyError` with OPA's first complaint when it fails.
        """
        done = self.run("eval", *options, *(f"--data={one}" for one in loaded), query)
        try:
            answer: dict[str, Any] = msgspec.json.decode(done.stdout)
        except msgspec.DecodeError as error:
            raise PolicyError(first_complaint(done.stderr or done.stdout)) from error
        if "errors" in answer:
            raise PolicyError(": ".join(complaints(done.stdout)[0]))
        return answer

    def run(
        self, command: str, *arguments: str | Path, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of OPA's commands; `EngineError` when it cannot be run at all, or does not end in time."""
        whole = [self.opa, command, *arguments]
        try:
            with file_errors(EngineError, f"{self.opa} cannot be run", "run `icaccess opa install`"):
                return subprocess.run(
                    whole,
                    input=stdin,
                    capture_output=True,
                    encoding="utf-8",
                    errors="surrogateescape",
                    check=False,
                    timeout=_PATIENCE,
                    env=environment(),
                )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"`opa {command}` did not end within {_PATIENCE:g} s") from error

    def digest(self, *also: str) -> str:
        """SHA-256 over all that the results of checks and tests rest on.

        That is each file of the policy folder and each rule of the sidecar by its name, since results name
        files so, the policy data, and OPA's program by its place, size and time; `also` is what else they
        rest on.
        """
        program = self.opa.stat()
        digest = hashlib.sha256()
        files = {str(file): file for file in (*sorted(self.policy.rglob("*")), *self._sidecar_files)}
        files |= {f"data of {name}": self.config / name / "data.yaml" for name in POLICY_DATA}
        files["capabilities"] = shipped(self.config, "capabilities.json")
        for name, file in files.items():
            # What has no content counts by its name: a folder, a link to nowhere, a file that has gone.
            digest.update(f"{name}\0".encode())
            with (
                file_errors(PolicyError, f"{file}: cannot be read", "let this user read it"),
                contextlib.suppress(FileNotFoundError, IsADirectoryError),
            ):
                content = file_to_read(file).read_bytes()
                digest.update(f"{len(content)}\0".encode() + content)
        named = (self.policy, self.opa, program.st_size, program.st_mtime_ns, also)
        digest.update(repr(named).encode())
        return digest.hexdigest()

    def cached(self, name: str, kind: type[Value], make: Callable[[], Value], *also: str) -> Value:
        """The value that `make` gives, from the cache where it was made of the same policy and OPA.

        `also` is what else it was made of, and `kind` as for `from_cache`.
        """
        if not self.use_cache:
            return make()
        return from_cache(name, kind, make, lambda: self.digest(__version__, *also))

    @cached_property
    def _all_files(self) -> list[Path]:
        return sorted(self.policy.rglob("*.rego"))

    @property
    def _sidecar_files(self) -> list[Path]:
        return sorted((self.config / "opa").glob("*.rego"))

    def _is_test(self, file: Path) -> bool:
        return file.name.endswith("_test.rego") or file.relative_to(self.policy).parts[0] == "tests"

    def _parsed(self, file: Path, text: bytes) -> dict[str, Any]:
        # Given as text, since the file may be another by now than the one whose digest names the result.
        options = ["--format", "json", "--json-include", "locations,-comments"]
        done = self.run("parse", *options, "/dev/stdin", stdin=text.decode(errors="surrogateescape"))
        if done.returncode != 0:
            where, message = complaints(done.stderr or done.stdout)[0]
            raise PolicyError(f"{where.replace('/dev/stdin', str(file))}: {message}")
        syntax: dict[str, Any] = msgspec.json.decode(done.stdout)
        return syntax


def value_of(answer: dict[str, Any]) -> Any:
    """The value of the one expression that OPA was asked for."""
    return answer["result"][0]["expressions"][0]["value"]


def complaints(errors: str) -> list[tuple[str, str]]:
    """What OPA's JSON of errors says, as `(file:line, message)`; a mistake in the syntax once.

    OPA's parser may tell of one mistake at a place both what it is and what should stand there.
    """
    try:
        found = msgspec.json.decode(errors)["errors"]
    except (msgspec.DecodeError, KeyError):
        return [("policy", first_complaint(errors))]
    told: dict[object, tuple[str, str]] = {}
    for number, entry in enumerate(found):
        where = entry.get("location") or {"file": "policy", "row": 1}
        code = entry.get("code")  # a file that OPA cannot read has none
        mistake = (*where.values(),) if code == "rego_parse_error" else number
        said = f"{entry['message']} ({code})" if code else f"{entry['message']}; correct that"
        told[mistake] = (f"{where['file']}:{where['row']}", said)
    return list(told.values())
