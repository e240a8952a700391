"""The section `target` of `icaccess.yaml`, and the table of the kinds of target there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from icaccess.config import Config, Section, Share
from icaccess.targets import campus, ldap, scim
from icaccess.targets.groups import GroupTarget
from icaccess.targets.interface import Target

if TYPE_CHECKING:  # reading the settings needs no database
    from icaccess.store.database import Store


KINDS: Mapping[str, Callable[[Config, Any], GroupTarget]] = {
    "campus": campus.open_target,
    "ldap": ldap.open_target,
    "scim": scim.open_target,
}
"""What opens each kind of target that has a section of its own, from the configuration and that section."""


class TargetSettings(Section, frozen=True):
    """Which system holds the access; each kind but the ledger has settings of its own under its name."""

    kind: Literal["campus", "ldap", "ledger", "scim"] = "ledger"
    max_shrink: Share = GroupTarget.max_shrink
    max_unnamed: Share = GroupTarget.max_unnamed
    campus: campus.CampusSettings = campus.CampusSettings()
    ldap: ldap.LdapSettings = ldap.LdapSettings()
    scim: scim.ScimSettings = scim.ScimSettings()


def open_target(config: Config, store: Store) -> Target:
    """The target that the configuration names; `ConfigError` when its section says too little."""
    settings = config.section("target", TargetSettings)
    if settings.kind == "ledger":
        from icaccess.targets.ledger import LedgerTarget

        return LedgerTarget(store)
    target = KINDS[settings.kind](config, getattr(settings, settings.kind))
    target.max_shrink, target.max_unnamed = settings.max_shrink, settings.max_unnamed
    return target
