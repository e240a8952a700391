"""The section `target` of `icaccess.yaml`, and the table of the kinds of target there are."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal

from icaccess.config import Config, Section
from icaccess.targets.campus import CampusSettings
from icaccess.targets.interface import Target
from icaccess.targets.ldap import LdapSettings
from icaccess.targets.scim import ScimSettings

if TYPE_CHECKING:  # reading the settings needs no database
    from icaccess.store.database import Store

KINDS = {
    "campus": "icaccess.targets.campus:open_target",
    "ledger": "icaccess.targets.ledger:open_target",
    "ldap": "icaccess.targets.ldap:open_target",
    "scim": "icaccess.targets.scim:open_target",
}
"""Each kind of target and the function that opens it from the configuration and the store."""


class TargetSettings(Section, frozen=True):
    """Which system holds the access; each kind but the ledger has settings of its own under its name."""

    kind: Literal["campus", "ldap", "ledger", "scim"] = "ledger"
    campus: CampusSettings = CampusSettings()
    ldap: LdapSettings = LdapSettings()
    scim: ScimSettings = ScimSettings()


def open_target(config: Config, store: Store) -> Target:
    """The target that the configuration names."""
    module, _, function = KINDS[config.section("target", TargetSettings).kind].partition(":")
    target: Target = getattr(importlib.import_module(module), function)(config, store)
    return target
