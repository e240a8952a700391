"""The section `notices`: each mistake is one line that says where and what to do."""

from __future__ import annotations

import pytest

from icaccess.config import load_config
from icaccess.errors import ConfigError
from icaccess.notices.send import open_notices
from icaccess.notices.settings import notice_settings

MAIL = {"host": "mail.example.org", "from": "a@example.org"}


@pytest.mark.parametrize(
    ("notices", "says"),
    [
        ({"mail": {**MAIL, "from": "nobody"}}, "notices.mail.from: 'nobody' is no e-mail address"),
        ({"mail": {"host": "mail.example.org"}}, "notices.mail.from: is required and absent"),
        (
            {"mail": {**MAIL, "password": "written out"}},
            "notices.mail.password: a secret is written out here",
        ),
        ({"mail": {**MAIL, "username": "u"}}, "notices.mail.password: is missing; a log-in needs both"),
        (
            {"mail": {**MAIL, "username": "u", "password": "${PW}", "security": "none"}},
            "in clear; use starttls",
        ),
        *(
            ({"mail": {**MAIL, "host": host}}, "notices.mail.host: 'm")
            for host in ("mail.example.org:25", "mail://mail.example.org", "mail example", "m@example.org")
        ),
        ({"mail": {**MAIL, "host": "[::1]"}}, "the port goes into notices.mail.port"),
        (
            {"operators": {"addresses": ["d@example.org", "D@Example.org"]}},
            "notices.operators.addresses[1]: 'D@Example.org' stands twice, whatever the case",
        ),
        ({"templates": ""}, "notices.templates: is empty"),
        ({"mail": {**MAIL, "port": 0}}, "notices.mail.port: must be at least 1"),
        (
            {"webhook": {"url": "http://hook.example.org", "secret": "${PW}"}},
            "notices.webhook.url: is not https",
        ),
        ({"webhook": {"url": "hook.example.org", "secret": "${PW}"}}, "notices.webhook.url: is no URL"),
        ({"webhook": {"url": "https://[x", "secret": "${PW}"}}, "notices.webhook.url: is no URL"),
        (
            {"webhook": {"url": "https://hook.example.org", "secret": "${BAD}"}},
            "notices.webhook.secret: is empty, or not base64 after `whsec_`",
        ),
        (
            {"operators": {"addresses": ["d@example.org", "x"]}},
            "notices.operators.addresses[1]: 'x' is no e-mail",
        ),
        ({"people": {"about": ["acess_ending"]}}, "notices.people.about[0]"),
        ({"people": {"days_before": [0]}}, "notices.people.days_before[0]: must be at least 1"),
        ({"approvers": {"weekday": "someday"}}, "notices.approvers.weekday"),
        ({"colour": "red"}, "notices.colour"),
    ],
)
def test_a_mistake_is_one_line(district, monkeypatch, notices, says):
    monkeypatch.setenv("PW", "secret")
    monkeypatch.setenv("BAD", "whsec_!!!!")
    district.settings(**notices)
    with pytest.raises(ConfigError) as error:
        notice_settings(load_config(district.config))
    assert says in str(error.value)
    assert "icaccess.yaml line " in str(error.value)


def test_an_address_of_the_sixth_version_is_a_host(district):
    district.settings(mail={**MAIL, "host": "::1"})
    mail = notice_settings(load_config(district.config)).mail
    assert mail is not None
    assert mail.host == "::1"


def test_without_a_channel_nobody_can_be_told(district):
    district.settings(limit=3)
    with (
        pytest.raises(ConfigError, match="names neither mail nor webhook"),
        open_notices(load_config(district.config)),
    ):
        pass


def test_the_defaults(district):
    district.settings(mail=MAIL)
    settings = notice_settings(load_config(district.config))
    assert settings.people.days_before == (60, 14, 1)
    assert settings.approvers.weekday == "monday"
    assert settings.limit == 250
