"""The OpenAPI document is current and valid, and the real OPA answers as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from icaccess.opa.engine import Engine
from icaccess.openapi import as_json

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    assert as_json() == COMMITTED.read_bytes(), "run: python -m icaccess.openapi docs/openapi.json"


def test_the_document_is_valid() -> None:
    validator = import_module("openapi_spec_validator")  # takes long to import
    validator.validate(json.loads(COMMITTED.read_text()))


@pytest.mark.slow
def test_opa_answers_what_a_fuzzer_sends_as_the_document_says(engine: Engine, tmp_path: Path) -> None:
    # OPA answers input that is not in order, too: undecided. So it may take what the document refuses.
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis",
            *(
                "run",
                str(COMMITTED),
                "--url",
                engine.url,
                "--header",
                f"Authorization: Bearer {engine.token}",
            ),
            *("--checks", f"{checks},ignored_auth", "--phases", "coverage,fuzzing"),
            *("--max-examples", "10", "--seed", "1", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    assert "12 selected / 12 total" in done.stdout
