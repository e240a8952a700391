"""Distinguished names that are one, and texts that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icaccess.targets.dn import is_dn, parse_dn

# RFC 4514 §2.4: characters that a value cannot hold as they are.
SPECIAL = '",+;<>\\'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=No\\, body,dc=example,dc=org", "cn=No\\2C body,dc=example,dc=org"),
        ("CN=Jo  Sample , OU=People", "cn=jo sample,ou=people"),
        ("cn=Jo+uid=7,dc=x", "uid=7 + cn=jo,dc=x"),
        ("cn=Jos\\C3\\A9,dc=x", "cn=josé,dc=x"),
        ("cn=Jose\u0301,dc=x", "cn=josé,dc=x"),
        ("2.5.4.3=jo,0.9.2342.19200300.100.1.25=x", "cn=jo,dc=x"),
        ("commonName=jo,emailAddress=jo@example.org", "CN=jo,E=jo@example.org"),
        ("cn=#0C024A6F,dc=x", "cn=Jo,dc=x"),
        ("cn=\\#7\\20,dc=x", "cn=\\237,dc=x"),
        ("cn=a=b,dc=x", "cn=a\\3Db,dc=x"),
    ],
    ids=range(10),
)
def test_two_spellings_of_one_name(one, other):
    assert parse_dn(one) == parse_dn(other)
    assert is_dn(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a,dc=x", "dc=x,cn=a"),
        ("cn=a\\,b,dc=x", "cn=a,cn=b,dc=x"),
        ("cn=a+b=c", "cn=a\\+b=c"),
        ("cn=a", "sn=a"),
    ],
)
def test_different_names(one, other):
    assert parse_dn(one) != parse_dn(other)


@pytest.mark.parametrize(
    "text", ["jo", "cn", "cn=a,", "cn=a,,dc=x", "=a", "cn=a+", "cn=a\\", "cn=a\\zz", "a b=c"]
)
def test_no_name_at_all(text):
    with pytest.raises(ValueError, match="is not a DN"):
        parse_dn(text)
    assert not is_dn(text)


def test_the_empty_name_is_one_and_names_nobody():
    assert parse_dn("") == parse_dn("  ") == ()
    assert not is_dn("")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_however_it_is_escaped(values):
    plain = ",".join(f"cn={''.join(_backslash(char) for char in value)}" for value in values)
    hexed = ", ".join(f"CN={_hex(value)}" for value in values)
    assert parse_dn(plain) == parse_dn(hexed)


def _backslash(char):
    if char in SPECIAL or char in " #=":
        return f"\\{char}"
    return char if char.isprintable() else _hex(char)


def _hex(text):
    return "".join(f"\\{byte:02X}" for byte in text.encode())
