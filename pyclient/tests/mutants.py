"""Mutants of the policy: a condition negated, a comparison shifted, a near miss let pass, one at a time.

`mutants` makes them from the text of the rules; `survives` says whether the policy's own tests let one pass.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from icaccess.errors import EngineError, PolicyError
from icaccess.review.cases import run_cases
from icaccess.review.source import PolicySource

_COMPARISON = re.compile(r"(?<![:<>=!])(<=|>=|==|!=|<|>)(?!=)")
_SHIFTED = {"<=": "<", "<": "<=", ">=": ">", ">": ">=", "==": "!=", "!=": "=="}
_WORD = re.compile(r"\b(min|max|true|false)\b(?![\w\"])")
_SWAPPED = {"min": "max", "max": "min", "true": "false", "false": "true"}
_NUMBER = re.compile(r"(?<![\w.\"-])(\d+)(?![\w.\"])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_SAME_TEXT = re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)*) == ([a-z_]\w*(?:\.\w+)+)$")
_LISTED = re.compile(r"(?<![\w.])([a-z_]\w*(?:\.\w+)*) in (data\.requirements(?:\.\w+)+)")
_ENUMERATION = re.compile(r'in \{("[^{}:]+")\}')
_CONDITION = re.compile(r"^(\t+)(?!some |every |not |[}\])\"|])([a-z_][^:]*[^{\[(,:])$")


class Mutant(NamedTuple):
    """One change of one line: what stood there, and what stands there instead."""

    file: str
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old.strip()}  ⇒  {self.new.strip()}"


def mutants(policy: Path) -> list[Mutant]:
    """Every mutant of the rules in a policy folder, in the order of files and lines.

    The words of reasons and explanations are left out: they are text, and tests compare them as they stand.
    """
    made = []
    for file in sorted(policy.rglob("*.rego")):
        name = file.relative_to(policy).as_posix()
        if name.startswith("tests/"):
            continue
        for number, line in enumerate(file.read_text().split("\n"), 1):
            if not line.lstrip().startswith(("#", "package ", "import ")):
                made += [Mutant(name, number, line, new) for new in dict.fromkeys(_changed(line))]
    return made


def _changed(line: str) -> Iterator[str]:
    code = _STRING.sub(lambda found: '"' + "\0" * (len(found[0]) - 2) + '"', line)
    code, _, _ = code.partition(" # ")
    for found in _COMPARISON.finditer(code):
        yield line[: found.start()] + _SHIFTED[found[1]] + line[found.end() :]
    for found in _WORD.finditer(code):
        yield line[: found.start()] + _SWAPPED[found[1]] + line[found.end() :]
    for found in _NUMBER.finditer(code):
        yield line[: found.start()] + str(int(found[1]) + 1) + line[found.end() :]
    for found in _STRING.finditer(line):
        if len(found[0]) > 2 and " " not in found[0] and not line[found.end() :].startswith(":"):
            yield f"{line[: found.end() - 1]}~{line[found.end() - 1 :]}"
    for found in re.finditer(r"\bnot ", code):
        yield line[: found.start()] + line[found.end() :]
    yield from _near_misses(line)
    if (condition := _CONDITION.match(code)) is not None:
        yield f"{condition[1]}not {line[condition.end(1) :]}"


def _near_misses(line: str) -> Iterator[str]:
    """Texts taken for equal that are nearly so, the first of a list for all of it, a value more or fewer."""
    for found in _SAME_TEXT.finditer(line):
        before, one, other = line[: found.start()], found[1], found[2]
        yield f"{before}startswith({one}, {other})"
        yield f"{before}startswith({other}, {one})"
        yield f"{before}lower({one}) == lower({other})"
        yield f"{before}trim_space({one}) == trim_space({other})"
    for found in _LISTED.finditer(line):
        before, one, listed, after = line[: found.start()], found[1], found[2], line[found.end() :]
        yield f"{before}startswith({one}, {listed}[_]){after}"
        yield f"{before}lower({one}) == lower({listed}[_]){after}"
        yield f"{before}{one} == {listed}[0]{after}"
        yield f"{before}{one} == {listed}[1]{after}"
    for found in _ENUMERATION.finditer(line):
        values = found[1].split(", ")
        for value in values:
            fewer = ", ".join(one for one in values if one != value)
            yield line[: found.start()] + f"in {{{fewer}}}" + line[found.end() :]
        yield line[: found.start()] + f'in {{{found[1]}, "revoked"}}' + line[found.end() :]


Verdict = Literal["caught", "survives", "no policy"]
"""What became of a mutant; one that does not compile is no policy at all, and proves nothing."""


def verdict(mutant: Mutant, policy: Path, config: Path, opa: Path) -> Verdict:
    """Put a mutant in the policy's place and run the policy's tests on it: first cases, then the rest.

    One that makes the tests run for minutes is caught: nobody would wait for it.
    """
    with tempfile.TemporaryDirectory(prefix="icaccess-mutant-") as work:
        own = Path(work, "policy")
        shutil.copytree(policy, own)
        file = own / mutant.file
        lines = file.read_text().split("\n")
        lines[mutant.line - 1] = mutant.new
        file.write_text("\n".join(lines))
        source = PolicySource(opa, own, config, patience=120)
        try:
            results, _ = run_cases(source, coverage=False)
            if any(result.problem for result in results):
                return "caught"
            done = source.run("test", "--timeout", "60s", "--bundle", own, config)
        except PolicyError as error:
            return "no policy" if "(rego_" in str(error) else "caught"
        except EngineError:
            return "caught"
        return "survives" if done.returncode == 0 else "caught"
