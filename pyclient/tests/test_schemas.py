"""The schemas that type the policy are those of the classes that validate what it is given."""

from __future__ import annotations

import json
from pathlib import Path

from icaccess.schemas import SCHEMAS, write_schemas

COMMITTED = Path(__file__).parents[2] / "policy" / "schemas"


def test_the_committed_schemas_are_current(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    committed = {file.name: file.read_text(encoding="utf-8") for file in COMMITTED.iterdir()}
    assert written == committed, "run: python -m icaccess.schemas policy/schemas"
    assert "data.json" not in written, "OPA would load it as data"


def test_a_schema_tells_its_fields_and_refuses_others() -> None:
    employee = json.loads((COMMITTED / "input.json").read_text(encoding="utf-8"))["definitions"]["Employee"]
    assert employee["required"] == ["id"]
    assert employee["additionalProperties"] is False
    assert set(SCHEMAS) == {"input", "requirements", "locations", "calendar"}
