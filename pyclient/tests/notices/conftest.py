"""A small district that sends notices, with its mail server, on the session's OPA."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import command  # noqa: F401 (a fixture)
from tests.notices.servers import Mailbox, Receiver, mail_server, webhook

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mailbox() -> Mailbox:
    """What `smtp` takes."""
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[int]:
    """The port of a mail server that takes everything."""
    with mail_server(mailbox) as port:
        yield port


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks that takes everything."""
    found = Receiver()
    with webhook(found) as url:
        found.url = url
        yield found


class District:
    """A configuration folder and a file of facts, written anew by `write`."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        self.facts = folder / "facts.jsonl"
        self.people: dict[str, dict[str, Any]] = {}
        for part in ("requirements", "locations", "calendar"):
            shutil.copytree(ROOT / "config" / part, self.config / part)

    def settings(self, **notices: Any) -> None:
        """Write `icaccess.yaml` with this section `notices`."""
        (self.config / "icaccess.yaml").write_text(yaml.safe_dump({"notices": notices}))

    def person(self, number: str, **changed: Any) -> dict[str, Any]:
        """Somebody who meets every requirement through 2028-06-30, but for what is `changed`."""
        self.people[number] = {
            "id": number,
            "name": f"Sample {number}",
            "email": f"p{number}@example.org",
            "employment": [{"start": "2019-08-01"}],
            "assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01"}],
            "certifications": [
                {"name": "Walk-In Scheduling", "completed_on": "2026-01-10"},
                {"name": "Elementary Scheduling", "completed_on": "2026-01-12"},
            ],
            "approvals": [
                {
                    "decision": "approved",
                    "decided_on": "2026-01-14",
                    "approver": "000777",
                    "approver_role": "Principal",
                }
            ],
            **changed,
        }
        return self.people[number]

    def write(self) -> None:
        """Write the facts."""
        self.facts.write_text("".join(json.dumps(one) + "\n" for one in self.people.values()))

    @property
    def options(self) -> list[str]:
        """What a command is given so that it is about this district."""
        return ["--config", str(self.config), "--facts", str(self.facts)]


@pytest.fixture
def district(tmp_path: Path) -> District:
    """A district of nobody yet."""
    return District(tmp_path)
