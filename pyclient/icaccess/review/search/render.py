"""What was found for anybody imaginable, as text, Markdown and JSON, and as cases for the policy's tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from icaccess.models import Decision
from icaccess.review.impact_render import version_words
from icaccess.review.search.compare import Anybody
from icaccess.review.search.differ import WAYS, Found, codes
from icaccess.review.search.facts import is_day
from icaccess.review.search.versions import ChangedLine
from icaccess.tables import as_json, as_markdown, markdown_text
from icaccess.text import how_many

_SHOWN_LINES = 40
_PLAIN = re.compile(r"[A-Za-z][A-Za-z _-]*[a-z]")
_WORDS_OF_YAML = {"yes", "no", "on", "off", "true", "false", "null"}


def anybody_json(found: Anybody) -> str:
    """An object with both versions and `anybody`: what was tried, and everybody found, each with a case."""
    people = [msgspec.structs.asdict(one) | {"case": case_yaml([one])} for one in found.found]
    anybody = {"same": found.same, "tried": found.tried, "found": people, "lines": found.lines}
    return as_json({"base": found.base, "head": found.head, "anybody": anybody | {"problem": found.problem}})


def case_yaml(found: list[Found]) -> str:
    """Cases of those found that stand as head decides now, ready for `policy/tests/cases/NAME/data.yaml`."""
    return cases_yaml([_case(one) for one in found if one.head.get("outcome")])


def cases_yaml(cases: list[dict[str, Any]]) -> str:
    """Cases as YAML, a record a line, with each text quoted that a reader could take for something else."""
    return yaml.dump({"cases": cases}, Dumper=_Quoting, sort_keys=False, width=100, default_flow_style=None)


def _case(found: Found) -> dict[str, Any]:
    parts = ["outcome", "action", *(field for field in found.fields if field in Decision.__struct_fields__)]
    expect = {name: found.head[name] for name in dict.fromkeys(parts)}
    expect["reasons"] = sorted(codes(found.head))
    name = f"{WAYS[found.kind].lower()}: {', '.join(found.fields[:3])} on {found.at}"
    return {
        "name": name,
        "clause": found.clause,
        "at": found.at,
        "employee": found.employee,
        "expect": expect,
    }


class _Quoting(yaml.SafeDumper):
    """Writes each text in quotes that some reader of YAML could take for something else."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:  # noqa: ARG002 (PyYAML's)
        """A record in one line where it holds nothing but single values."""
        flat = not any(isinstance(value, dict | list) for value in mapping.values())
        return super().represent_mapping(tag, mapping, flow_style=flat and "expect" not in mapping)

    def represent_sequence(
        self,
        tag: str,
        sequence: Any,
        flow_style: bool | None = None,  # noqa: ARG002 (PyYAML's signature)
    ) -> yaml.SequenceNode:
        """A list in one line where it holds nothing but single values."""
        flat = not any(isinstance(value, dict | list) for value in sequence)
        return super().represent_sequence(tag, sequence, flow_style=flat)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's signature)
        """Write every value out."""
        return True


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Quoting.add_representer(str, _represent)


def anybody_text(found: Anybody) -> Iterator[str]:
    """What was found for a terminal: each person, both decisions, lines that differ, and what was tried."""
    yield from _versions(found)
    for one in found.found:
        yield ""
        yield f"{WAYS[one.kind]}, on {one.at} ({how_many(one.facts, 'fact')}, {one.clause})"
        yield from (f"  {line}" for line in facts_yaml(one.employee))
        for side, decision in (("base", one.base), ("head", one.head)):
            yield f"  {side}: {_decided(decision, one.base if side == 'head' else one.head)}"
    yield from _differing(found)
    if found.found:
        yield ""
        yield "As cases for policy/tests/cases/NAME/data.yaml:"
        yield from case_yaml(list(found.found)).splitlines()
    yield ""
    yield from conclusion(found)


def anybody_markdown(found: Anybody) -> Iterator[str]:
    """The same for a pull request's comment, the cases folded away."""
    yield "### Anybody imaginable"
    yield ""
    yield from (f"{markdown_text(line)}<br>" for line in _versions(found))
    for one in found.found:
        yield ""
        yield f"**{WAYS[one.kind]}**, on {one.at} ({how_many(one.facts, 'fact')}, {one.clause})"
        yield ""
        decided = [markdown_text(_decided(one.base, one.head)), markdown_text(_decided(one.head, one.base))]
        yield from as_markdown(("base", "head"), [decided])
        yield from ("", "<details><summary>The person, as a case</summary>", "")
        yield from _block(case_yaml([one]).splitlines(), "yaml")
        yield "</details>"
    lines = list(_differing(found))
    if lines:
        yield ""
        yield from _block(lines[2:], "diff")
    yield ""
    yield from (f"{markdown_text(line)}<br>" for line in conclusion(found))


def _block(lines: list[str], language: str) -> Iterator[str]:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", "\n".join(lines))), 3)
    yield from (f"{fence}{language}", *lines, fence)


def _versions(found: Anybody) -> Iterator[str]:
    for side, version in (("base", found.base), ("head", found.head)):
        yield f"{side}: {version.name if found.same else version_words(version)}"


def facts_yaml(employee: Mapping[str, Any]) -> list[str]:
    """Somebody's facts as lines of YAML, a record a line."""
    facts = {name: value for name, value in employee.items() if name != "id"}
    text = yaml.dump(facts, Dumper=_Quoting, sort_keys=False, width=100, default_flow_style=None)
    return text.splitlines()


def _decided(decision: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """A decision in words: its outcome, and what differs from the other one."""
    if decision.get("outcome") is None:
        return "no decision: the policy is undefined for these facts"
    parts = [f"{decision['outcome']}, {decision['action']}"]
    parts += [f"{reason['code']}: {reason['message']}" for reason in decision["reasons"]]
    shown = {"outcome", "action", "reasons", "employee_id", "as_of"}
    for name, value in decision.items():
        if name not in shown and value != other.get(name, value):
            parts.append(f"{name} {_value(value)}")
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    return value if is_day(value) else "none" if value is None else str(value)


def _differing(found: Anybody) -> Iterator[str]:
    if found.lines:
        yield ""
        yield "The rules' lines that differ:"
    for line in found.lines[:_SHOWN_LINES]:
        note = "   (nobody reached it)" if line.reached is False else ""
        yield f"{'+' if line.side == 'head' else '-'} {_at(line)}: {line.text.strip()}{note}"
    if len(found.lines) > _SHOWN_LINES:
        yield f"  … and {len(found.lines) - _SHOWN_LINES} more"


def _at(line: ChangedLine) -> str:
    return f"{line.file}:{line.line}"


def conclusion(found: Anybody) -> Iterator[str]:
    """What was tried, and what follows: never that nothing can differ, unless the rules are the same."""
    if found.same or found.tried is None:
        yield (
            "The rules are the same once comments, metadata and layout are left out, and so is the policy "
            "data: no decision can differ."
        )
        return
    tried = found.tried
    yield (
        f"Tried {tried.people:,} made-up people on {tried.days:,} days ({2 * tried.people:,} decisions) in "
        f"{tried.seconds:g} s, from {tried.seeds:,} people to begin with (seed {tried.seed}), with "
        f"{tried.words:,} words of policy data and rules and their near misses; "
        f"{tried.kinds_of_decision:,} kinds of decision were seen."
    )
    if tried.only_one_knows:
        yield f"Only one version knows these fields, which were left out: {', '.join(tried.only_one_knows)}."
    if found.missed:
        places = ", ".join(_at(line) for line in found.missed[:8])
        yield f"Nobody tried reached {len(found.missed)} of the lines that differ: {places}."
    if not found.found:
        yield "Nobody was found for whom the decision differs. People who were not tried may differ."
    if found.problem:
        yield f"The search ended early: {found.problem}"
