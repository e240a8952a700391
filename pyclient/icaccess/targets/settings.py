"""The section `target` of `icaccess.yaml`, and the table of the kinds of target there are."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from icaccess.config import Config, Section
from icaccess.targets.campus import CampusSettings
from icaccess.targets.groups import GroupTarget
from icaccess.targets.interface import Target
from icaccess.targets.ldap import LdapSettings
from icaccess.targets.scim import ScimSettings

if TYPE_CHECKING:  # reading the settings needs no database
    from icaccess.store.database import Store

Share = Annotated[float, Meta(ge=0, le=1)]

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
    max_shrink: Share = GroupTarget.max_shrink
    max_unnamed: Share = GroupTarget.max_unnamed
    campus: CampusSettings = CampusSettings()
    ldap: LdapSettings = LdapSettings()
    scim: ScimSettings = ScimSettings()


def open_target(config: Config, store: Store) -> Target:
    """The target that the configuration names."""
    settings = config.section("target", TargetSettings)
    module, _, function = KINDS[settings.kind].partition(":")
    target: Target = getattr(importlib.import_module(module), function)(config, store)
    if isinstance(target, GroupTarget):
        target.max_shrink, target.max_unnamed = settings.max_shrink, settings.max_unnamed
    return target
