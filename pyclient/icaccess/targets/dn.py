"""Distinguished names in a form in which equal ones are equal.

Written by RFC 4514, compared by RFC 4517 §4.2.15 as directories compare them: escapes, case, insignificant
spaces and the order within a multi-valued RDN do not count.
"""

from __future__ import annotations

import re
import unicodedata

DN = tuple[tuple[tuple[str, str], ...], ...]

_TYPE = re.compile(r"\s*(?:oid\.)?([a-z][a-z0-9-]*|\d+(?:\.\d+)*)\s*=\s*", re.IGNORECASE)
_VALUE = re.compile(r"""(?:\\[0-9a-f]{2}|\\[ "#+,;<=>\\]|[^\\,+\0])*""", re.IGNORECASE)
_ESCAPE = re.compile(rb"""\\(?:([0-9a-f]{2})|(.))""", re.IGNORECASE | re.DOTALL)
_HEX = re.compile(r"#(?:04|0c|13|16)([0-7][0-9a-f])((?:[0-9a-f]{2})*)\s*", re.IGNORECASE)
_ONE_NAME = {
    "2.5.4.3": "cn", "commonname": "cn", "2.5.4.11": "ou", "organizationalunitname": "ou",
    "2.5.4.10": "o", "organizationname": "o", "0.9.2342.19200300.100.1.25": "dc", "domaincomponent": "dc",
    "0.9.2342.19200300.100.1.1": "uid", "userid": "uid", "2.5.4.7": "l", "localityname": "l",
    "2.5.4.8": "st", "stateorprovincename": "st", "2.5.4.6": "c", "countryname": "c",
    "2.5.4.4": "sn", "surname": "sn", "1.2.840.113549.1.9.1": "email", "emailaddress": "email", "e": "email",
}  # fmt: skip
"""The attribute types that directories write in several ways (RFC 4514 §3, RFC 4519)."""


def parse_dn(text: str) -> DN:
    """The relative names of a DN, each the sorted pairs of type and value; `ValueError` for one that is none.

    The empty DN, which some directories keep in a group that may not be empty, has no relative names.
    """
    if not text.strip():
        return ()
    names: list[tuple[tuple[str, str], ...]] = []
    pairs: list[tuple[str, str]] = []
    at = 0
    while True:
        kind = _TYPE.match(text, at)
        if kind is None:
            raise ValueError(f"{text!r} is not a DN")
        value = _VALUE.match(text, kind.end())
        if value is None or (value.end() < len(text) and text[value.end()] not in ",+"):
            raise ValueError(f"{text!r} is not a DN")
        name = kind[1].lower()
        pairs.append((_ONE_NAME.get(name, name), _plain(value[0])))
        at = value.end() + 1
        if text[value.end() : at] != "+":
            names.append(tuple(sorted(pairs)))
            pairs = []
        if value.end() == len(text):
            return tuple(names)


def is_dn(text: str) -> bool:
    """Whether a text is a DN."""
    try:
        return bool(parse_dn(text))
    except ValueError:
        return False


def _plain(value: str) -> str:
    """A value without escapes, case and insignificant spaces (RFC 4518)."""
    ber = _HEX.fullmatch(value)
    if ber is not None and int(ber[1], 16) == len(ber[2]) // 2:
        raw = bytes.fromhex(ber[2])
    else:
        raw = _ESCAPE.sub(lambda one: bytes.fromhex(one[1].decode()) if one[1] else one[2], value.encode())
    text = unicodedata.normalize("NFKC", raw.decode(errors="surrogateescape"))
    return " ".join(text.casefold().split())
