#!/bin/sh
# ldap3's parse_dn, and safe_dn on it, refuse distinguished names that RFC 4514 allows.
#
# By §3 a value may hold "=" without an escape, and a type may be a dotted number with "#" and
# hexadecimal digits for its value (§2.4); the fourth name is an example of §4. Exits 1 if the behavior changes.
# Takes python3; works in a folder of its own and removes it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ldap3==2.9.1 pyasn1==0.6.1
cat > try.py <<'END'
import warnings
warnings.simplefilter("ignore")
from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn
for name in ("cn=jo,dc=x", "cn=a=b,dc=x", "2.5.4.3=jo,dc=x", "1.3.6.1.4.1.1466.0=#04024869"):
    try:
        print(name, "->", len(parse_dn(name)), "names")
    except LDAPInvalidDnError as error:
        print(name, "-> refused:", error)
END
echo "ldap3 2.9.1; the first name is the control"
venv/bin/python try.py | tee output
cat > expected <<'END'
cn=jo,dc=x -> 2 names
cn=a=b,dc=x -> refused: special character = must be escaped
2.5.4.3=jo,dc=x -> refused: character '.' not allowed in attribute type
1.3.6.1.4.1.1466.0=#04024869 -> refused: character '.' not allowed in attribute type
END
diff expected output && echo "Three of four valid names are refused; RFC 4514 allows all four."
