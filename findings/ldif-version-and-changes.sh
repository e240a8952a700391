#!/bin/sh
# The package ldif for Python finds a nameless entry in what ldapsearch prints, and refuses what its own writer writes.
#
# By RFC 2849 a version line comes first and an empty line may follow it (version-spec 1*(1*SEP record)); `ldapsearch
# -LL` prints both, and the package counts them as an entry with the name None. It says that it reads change records;
# each modify record is refused with "subsection not found", the one that its LDIFWriter writes too. ldif for
# JavaScript reads all of them. Takes python3, node and npm; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ldif==4.3.0
npm install --silent --no-audit --no-fund --ignore-scripts ldif@0.5.1 >/dev/null
printf 'version: 1\n\ndn: cn=Jo,dc=example\ncn: Jo\n\ndn: cn=Al,dc=example\ncn: Al\n' > search.ldif
cat > try.py <<'END'
import ldif

with open("written.ldif", "wb") as file:
    ldif.LDIFWriter(file).unparse("cn=Staff,dc=example", [(0, "member", ["cn=Jo,dc=example"])])  # 0: add
for name in ("search", "written"):
    try:
        with open(f"{name}.ldif", "rb") as file:
            print(f"Python, {name}:", [dn for dn, _ in ldif.LDIFParser(file).parse()])
    except ValueError as error:
        print(f"Python, {name}: {error}")
END
cat > try.cjs <<'END'
const fs = require("fs");
for (const name of ["search", "written"]) {
    const {entries} = require("ldif").parse(fs.readFileSync(`${name}.ldif`, "utf8"));
    console.log(`JavaScript, ${name}:`, entries.map((entry) => entry.dn));
}
END
echo "ldif 4.3.0 for Python; ldif 0.5.1 on node $(node --version)"
{ venv/bin/python try.py; cat written.ldif; node try.cjs; } | tee output
cat > expected <<'END'
Python, search: [None, 'cn=Jo,dc=example', 'cn=Al,dc=example']
Python, written: subsection not found
dn: cn=Staff,dc=example
changetype: modify
add: member
member: cn=Jo,dc=example
-

JavaScript, search: [ 'cn=Jo,dc=example', 'cn=Al,dc=example' ]
JavaScript, written: [ 'cn=Staff,dc=example' ]
END
diff expected output && echo "The search has two entries, and the change is valid."
