"""The JSON Schemas in `policy/schemas/`, with which `opa check --schema` types the policy.

They come from the classes that validate facts and policy data, so that the two cannot disagree:
`python -m icaccess.schemas policy/schemas` writes them.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from icaccess.config.policy_data import Calendar, Locations, Requirements
from icaccess.models import Employee


class Input(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A request to OPA: one employee, or many, on one day.

    `sources` names the sources of each list of facts, for the answers of `evidence`.
    """

    as_of: date
    employee: Employee | msgspec.UnsetType = msgspec.UNSET
    employees: list[Employee] | msgspec.UnsetType = msgspec.UNSET
    sources: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET


SCHEMAS: dict[str, Any] = {
    "input": Input,
    "requirements": Requirements,
    "locations": Locations,
    "calendar": Calendar,
}
"""The name of each schema (`schema.<name>` in the policy) and the type that it describes."""


def schema(of: Any) -> bytes:
    """The JSON Schema of a type, as the file's content."""
    (described,), definitions = msgspec.json.schema_components([of], ref_template="#/definitions/{name}")
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", **described, "definitions": definitions}
    return msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=2) + b"\n"


def write_schemas(directory: Path) -> None:
    """Write every schema as `<name>.jsonschema` into `directory`; OPA would load `.json` as data."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, of in SCHEMAS.items():
        (directory / f"{name}.jsonschema").write_bytes(schema(of))


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "policy/schemas"))
