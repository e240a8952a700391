"""The OpenAPI 3.1 document of the sidecar's entry points, generated from the classes that the client decodes.

`python -m icaccess.openapi docs/openapi.json` writes it.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from icaccess import __version__
from icaccess.models import (
    Action,
    ApprovalElsewhere,
    ApprovalsDue,
    ClauseExplanation,
    Decision,
    Employee,
    Expiry,
    Outcome,
    Reason,
)


class DayInput(Struct):
    """A day."""

    as_of: date


class EmployeeInput(DayInput):
    """One employee on one day."""

    employee: Employee


class EmployeesInput(DayInput):
    """Many employees on one day, each id once."""

    employees: list[Employee]


class EvidenceInput(EmployeesInput):
    """The same, and the names of the sources of each list of facts."""

    sources: dict[str, list[str]] | UnsetType = UNSET


class VerdictInShort(Struct):
    """What becomes of one employee, and the codes of the reasons."""

    outcome: Outcome
    action: Action
    codes: list[str]
    needs_consent: bool


class Gone(Struct):
    """A part of the evidence for access that the facts no longer show."""

    part: Literal["walk_in", "elementary", "approval", "job", "employment"]
    message: str


class Detail(Struct):
    """One of the errors behind an error."""

    code: str
    message: str


class Error(Struct):
    """What OPA answers when it cannot give a result."""

    code: str
    message: str
    errors: list[Detail] | UnsetType = UNSET


ENTRY_POINTS: dict[str, tuple[str, Any, Any]] = {
    "decision": ("The decision on one employee", EmployeeInput, Decision),
    "decisions": ("The decisions on many employees, by id", EmployeesInput, dict[str, Decision]),
    "verdicts": ("Outcome and action of many employees, by id", EmployeesInput, dict[str, VerdictInShort]),
    "allow": ("Whether access is allowed", EmployeeInput, bool),
    "deny": ("The reasons why access is not allowed; empty when it is", EmployeeInput, list[Reason]),
    "expiry": ("How long the certification is good for", EmployeeInput, Expiry | None),
    "explanation": ("The decision clause by clause", EmployeeInput, list[ClauseExplanation]),
    "evidence": (
        "The evidence for access that the facts no longer show, by id",
        EvidenceInput,
        dict[str, list[Gone]],
    ),
    "approvals_due": (
        "Who waits for an approval and who may give one, by id",
        EmployeesInput,
        dict[str, ApprovalsDue],
    ),
    "approved_elsewhere": (
        "Whose access rests only on another location's Principal or Manager, by id",
        EmployeesInput,
        dict[str, list[ApprovalElsewhere]],
    ),
    "due_after": ("The day by which a change that is requested on a day is due", DayInput, date | None),
}
"""The entry points at `/v1/data/access/NAME`: a summary, the input and the result of each."""

_FAILURES = {
    "400": "The body is not JSON.",
    "401": "The token is missing or wrong, or may not make this request.",
    "500": "OPA failed on this input. Nothing is decided.",
}
_AS_GIVEN = {"description": "As given in the input: text if the input is valid, else anything."}


def document() -> dict[str, Any]:
    """The whole document, as JSON values."""
    wanted = [of for _, asked, result in ENTRY_POINTS.values() for of in (asked, result)]
    shapes, components = msgspec.json.schema_components(
        [*wanted, Error], ref_template="#/components/schemas/{name}"
    )
    described = iter(shapes)
    paths: dict[str, Any] = {"/health": {"get": _health()}}
    for name, (summary, _, _) in ENTRY_POINTS.items():
        paths[f"/v1/data/access/{name}"] = {
            "post": _operation(name, summary, next(described), next(described))
        }
    # OPA also answers an invalid input, as undecided, with what the input gave.
    components["Decision"]["properties"] |= {"employee_id": _AS_GIVEN, "as_of": _AS_GIVEN}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Decisions about access to Infinite Campus Elementary Scheduling",
            "description": "The entry points of the OPA sidecar. docs/http.md says what each answer means.",
            "version": __version__,
        },
        "servers": [{"url": "http://127.0.0.1:8181"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _health() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "health",
        "summary": "Whether OPA runs and has loaded its bundles",
        "security": [],
        "parameters": [_parameter("bundles")],
        "responses": {
            "200": {"description": "It does.", "content": content},
            "500": {"description": "OPA is not ready yet.", "content": content},
        },
    }


def _operation(name: str, summary: str, asked: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    body = {"type": "object", "properties": {"input": asked}, "required": ["input"]}
    answer = {
        "type": "object",
        "properties": {"result": result, "provenance": {"type": "object"}, "warning": {"type": "object"}},
        "required": ["result"],
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [_parameter("provenance"), _parameter("strict-builtin-errors")],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": answer}}},
            **{
                status: {
                    "description": text,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status, text in _FAILURES.items()
            },
        },
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "boolean"}}


def as_json() -> bytes:
    """The document as the content of a file."""
    return msgspec.json.format(msgspec.json.encode(document(), order="sorted"), indent=2) + b"\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/openapi.json").write_bytes(as_json())
