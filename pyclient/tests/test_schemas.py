"""The schemas that type the policy are those of the classes that validate what it is given."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from icaccess.schemas import SCHEMAS, write_schemas

COMMITTED = Path(__file__).parents[2] / "policy" / "schemas"


def test_the_committed_schemas_are_current(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    committed = {file.name: file.read_text(encoding="utf-8") for file in COMMITTED.iterdir()}
    assert written == committed, "run: python -m icaccess.schemas policy/schemas"


def test_a_schema_tells_its_fields_and_refuses_others() -> None:
    employee = json.loads((COMMITTED / "input.jsonschema").read_text(encoding="utf-8"))["definitions"][
        "Employee"
    ]
    assert employee["required"] == ["id"]
    assert employee["additionalProperties"] is False
    assert set(SCHEMAS) == {"input", "requirements", "locations", "calendar"}


def test_opa_tests_the_folders_as_they_are(opa_path: Path) -> None:
    """Without `-b` OPA loads each file in them; schemas and clauses do not get in the way."""
    root = COMMITTED.parents[1]
    command = [opa_path, "test", "--timeout", "120s", "--run", "outcome_test", "policy", "config"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "PASS: 1/1\n"), done.stderr
