"""Membership of SCIM 2.0 groups (RFC 7643, RFC 7644), one member at a time and never the whole list.

Some servers accept members that they then do not keep, or never show any: nothing counts before it was read
back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from icaccess.config import Config, Secret
from icaccess.errors import ConfigError, TargetError
from icaccess.targets.groups import (
    ChangeFailedError,
    ChangeUnclearError,
    GroupSettings,
    MemberTarget,
    check_groups,
)
from icaccess.targets.interface import Match, Target, account_of

if TYPE_CHECKING:  # reading the settings needs none of these
    from scim2_models import User

    from icaccess.store.database import Store
    from icaccess.targets.scim_http import RequestsScimClient

PAGE = 200
Attribute = Literal["externalId", "userName", "emails", "employeeNumber"]
_USUAL: dict[Match, Attribute] = {"id": "externalId", "username": "userName", "email": "emails"}
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_FILTERS: dict[Attribute, str] = {
    "externalId": "externalId",
    "userName": "userName",
    "emails": "emails.value",
    "employeeNumber": f"{_ENTERPRISE}:employeeNumber",
}


class ScimSettings(GroupSettings, frozen=True, kw_only=True):
    """The section `target.scim`: groups are named by their displayName."""

    url: str = ""
    token: Secret | None = None
    ca: str | None = None
    """A file of certificates to trust, where the server's is not signed by one that everybody trusts."""
    attribute: Attribute | None = None
    """The attribute of a SCIM user that is the account; by `match`: externalId, userName or emails."""


class ScimTarget(MemberTarget):
    """SCIM groups by their displayName, users by the attribute that the configuration names."""

    def __init__(self, settings: ScimSettings, client: RequestsScimClient) -> None:
        super().__init__(settings)
        self._client = client
        self._url = settings.url
        self._attribute: Attribute = settings.attribute or _USUAL[settings.match]
        self._groups: dict[str, str] = {}
        self._users: dict[str, list[str]] = {}

    @property
    def identity(self) -> str:
        """The server and the groups."""
        return f"scim {self._url} {', '.join(sorted(self.settings.all_groups))}"

    def memberships(self) -> dict[str, frozenset[str]]:
        """Whoever the groups show, by account; a member that has none, by `#` and its id."""
        members = {group: self._members(group) for group in sorted(self.settings.all_groups)}
        names = self._accounts()
        found: dict[str, set[str]] = {}
        for group, ids in members.items():
            for one in ids:
                found.setdefault(names.get(one, f"#{one}"), set()).add(group)
        return {account: frozenset(groups) for account, groups in found.items()}

    def find(self, account: str) -> str:
        """The id of the one user with this account."""
        known = self._users.get(account)
        if known is None:
            with self._asked(f"the user {account}"):
                known = [user.id for user in self._listed(self._user_model(), self._filter(account))]
        if len(known) != 1:
            count = len(known) or "no"
            raise ChangeFailedError(
                f"{count} users have the {self._attribute} {account}; exactly one is needed"
            )
        return known[0]

    def add(self, entry: str, group: str) -> None:
        """Add one member (RFC 7644 §3.5.2.1)."""
        self._patch(group, {"op": "add", "path": "members", "value": [{"value": entry}]})

    def remove(self, entry: str, group: str) -> None:
        """Remove one member by a filter (RFC 7644 §3.5.2.2); without one, some servers empty the group."""
        self._patch(group, {"op": "remove", "path": f"members[value eq {_quoted(entry)}]"})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _patch(self, group: str, operation: dict[str, Any]) -> None:
        from scim2_client.errors import RequestNetworkException, SCIMClientException
        from scim2_models import Group, SCIMException

        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        group_id = self._group_id(group)
        try:
            self._client.modify(Group, group_id, body, expected_status_codes=None)
        except SCIMException as error:
            status = int(error.status or 0)
            if operation["op"] == "remove" and error.scim_type == "noTarget":
                return  # somebody who is no member is what was wanted
            if status in (401, 403):
                raise TargetError(f"{self._url}: refuses these credentials (HTTP {status})") from error
            if status in (429, 500, 502, 503, 504):
                raise ChangeUnclearError(f"the server answered HTTP {status} again and again") from error
            raise ChangeFailedError(f"the server refused: {_said(error)} (HTTP {status})") from error
        except RequestNetworkException as error:
            raise ChangeUnclearError(f"no whole answer came: {_root(error)}") from error
        except SCIMClientException as error:
            raise ChangeUnclearError(f"the answer was not SCIM: {error}") from error

    def _members(self, group: str) -> list[str]:
        from scim2_models import Group

        with self._asked(f"the group {group}"):
            found: Any = self._client.query(Group, self._group_id(group))
        if found is None or found.id is None:
            raise TargetError(f"{self._url}: the group {group} came back empty, without even an id")
        return [member.value for member in found.members or () if member.value]

    def _group_id(self, group: str) -> str:
        from scim2_models import Group

        if group not in self._groups:
            with self._asked(f"the group {group}"):
                found = list(self._listed(Group, f"displayName eq {_quoted(group)}"))
            if len(found) != 1:
                raise TargetError(
                    f"{self._url}: has {len(found) or 'no'} groups with the displayName {group}; "
                    "exactly one is needed: correct target.scim or the server"
                )
            self._groups[group] = found[0].id
        return self._groups[group]

    def _accounts(self) -> dict[str, str]:
        """The account of each user that has one, by the user's id."""
        names: dict[str, str] = {}
        self._users = {}
        read = _READERS[self._attribute]
        with self._asked("the users"):
            for user in self._listed(self._user_model(), None):
                for value in read(user):
                    account = account_of(self.match, value)
                    names[user.id] = account
                    owners = self._users.setdefault(account, [])
                    if user.id not in owners:
                        owners.append(user.id)
        return names

    def _listed(self, model: Any, condition: str | None) -> Iterator[Any]:
        """Each resource that fits, page by page (RFC 7644 §3.4.2.4); `TargetError` when some are left out."""
        seen: set[str] = set()
        start, total = 1, 1
        while start <= total:
            parameters: dict[str, Any] = {"startIndex": start, "count": PAGE}
            if condition is not None:
                parameters["filter"] = condition
            page: Any = self._client.query(model, query_parameters=parameters)
            resources = page.resources or []
            for one in resources:
                if one.id not in seen:
                    seen.add(one.id)
                    yield one
            total = page.total_results or 0
            start += len(resources)
            if not resources and start <= total:
                raise TargetError(f"{self._url}: listed {len(seen)} of {total}; a part is never believed")

    def _filter(self, account: str) -> str:
        return f"{_FILTERS[self._attribute]} eq {_quoted(account)}"

    def _user_model(self) -> Any:
        from scim2_models import EnterpriseUser, User

        return User[EnterpriseUser]

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        """Turn every error of a question into one line of `TargetError`."""
        from scim2_client.errors import RequestNetworkException, SCIMClientException
        from scim2_models import SCIMException

        try:
            yield
        except SCIMException as error:
            status = int(error.status or 0)
            meaning = "refuses these credentials" if status in (401, 403) else f"refused to show {what}"
            raise TargetError(f"{self._url}: {meaning}: {_said(error)} (HTTP {status})") from error
        except RequestNetworkException as error:
            raise TargetError(f"{self._url}: {_root(error)}") from error
        except SCIMClientException as error:
            raise TargetError(
                f"{self._url}: does not answer as a SCIM server does, asked for {what}: {error}"
            ) from error


def open_target(config: Config, _store: Store) -> Target:
    """The SCIM server and groups that `target.scim` names; `ConfigError` when it says too little."""
    from icaccess.targets.scim_http import RequestsScimClient, is_loopback
    from icaccess.targets.settings import TargetSettings

    settings = config.section("target", TargetSettings).scim
    if not settings.url.startswith(("https://", "http://")):
        raise ConfigError(
            f"{config.file}: target.scim.url: is no http or https URL; write https://HOST/scim/v2"
        )
    if "@" in settings.url:
        raise ConfigError(
            f"{config.file}: target.scim.url: carries a user or password; leave them out, the token is enough"
        )
    if settings.url.startswith("http://") and not is_loopback(settings.url):
        raise ConfigError(
            f"{config.file}: target.scim.url: would send the token in the clear; write https://"
        )
    if settings.token is None:
        raise ConfigError(
            f"{config.file}: target.scim.token: is required; write ${{NAME}} or ${{file:/path}}"
        )
    check_groups(config, "scim", settings)
    ca = config.path(settings.ca) if settings.ca else None
    if ca is not None and not ca.is_file():
        raise ConfigError(f"{config.file}: target.scim.ca: there is no file {ca}")
    return ScimTarget(settings, RequestsScimClient(settings.url, settings.token.reveal(), ca=ca))


def _external_id(user: User[Any]) -> list[str]:
    return [user.external_id] if user.external_id else []


def _user_name(user: User[Any]) -> list[str]:
    return [user.user_name] if user.user_name else []


def _emails(user: User[Any]) -> list[str]:
    return [email.value for email in user.emails or () if email.value]


def _employee_number(user: User[Any]) -> list[str]:
    from scim2_models import EnterpriseUser

    extension = user[EnterpriseUser]
    return [extension.employee_number] if extension is not None and extension.employee_number else []


_READERS: dict[Attribute, Callable[[Any], list[str]]] = {
    "externalId": _external_id,
    "userName": _user_name,
    "emails": _emails,
    "employeeNumber": _employee_number,
}


def _quoted(value: str) -> str:
    """A string of the filter language: JSON's, by RFC 7644 §3.4.2.2."""
    import json

    return json.dumps(value, ensure_ascii=False)


def _said(error: Any) -> str:
    return str(getattr(error, "detail", None) or error)


def _root(error: BaseException) -> str:
    """What is at the bottom of a network error, in words that tell what to do where that is known."""
    seen: BaseException = error
    texts = []
    while seen.__cause__ is not None or seen.__context__ is not None:
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]  # one of them is there
        texts.append(str(seen))
    text = " ".join(texts)
    for sign, meaning in _MEANINGS.items():
        if sign in text:
            return meaning
    return texts[-1] if texts else str(error)


_MEANINGS = {
    "self-signed certificate": "its certificate is self-signed; name the one to trust in target.scim.ca",
    "self signed certificate": "its certificate is self-signed; name the one to trust in target.scim.ca",
    "unable to get local issuer": "its certificate is signed by nobody known; set target.scim.ca",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not valid for this server; correct the URL",
    "Connection refused": "nobody answers there; check the URL and that the server runs",
    "Name or service not known": "there is no such host; check the URL",
    "no whole answer in": "it did not answer in time; try again",
    "timed out": "it did not answer in time; try again",
    "too many": "it failed again and again; try again",
    "Connection aborted": "it broke the connection; try again",
    "Connection broken": "it broke the connection; try again",
}
