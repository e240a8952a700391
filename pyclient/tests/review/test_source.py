"""Results of OPA's tools are kept by what they were made of, and only by that."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest

from icaccess.errors import PolicyError
from icaccess.review.source import PolicySource


class Result(msgspec.Struct, frozen=True):
    """Something kept."""

    value: int
    cached_at: str | None = None


def test_what_was_made_while_a_file_changed_is_not_kept(whole: PolicySource) -> None:
    rules = Path("policy/access.rego")
    rules.write_text(rules.read_text() + f"# {uuid.uuid4()}\n")
    before = rules.read_text()

    def edited() -> Result:
        rules.write_text(before + "# edited\n")
        return Result(1)

    assert whole.cached("result", Result, edited) == Result(1)
    rules.write_text(before)
    assert whole.cached("result", Result, lambda: Result(2)) == Result(2)
    kept = whole.cached("result", Result, lambda: Result(3))
    assert (kept.value, kept.cached_at is None) == (2, False)


@pytest.mark.parametrize("damage", [b"\xff", b"allow if {\n"], ids=["no UTF-8", "an open brace"])
def test_what_does_not_parse_is_named_with_its_line(whole: PolicySource, damage: bytes) -> None:
    rules = Path("policy/access.rego")
    lines = rules.read_bytes().count(b"\n")
    rules.write_bytes(rules.read_bytes() + damage)
    with pytest.raises(PolicyError, match=r"^policy/access\.rego:\d+: ") as caught:
        whole.modules  # noqa: B018 (parsed here)
    assert int(str(caught.value).split(":")[1]) > lines
