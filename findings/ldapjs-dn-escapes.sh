#!/bin/sh
# @ldapjs/dn makes one control character of an escaped "+" or space and a digit or letter up to F after it.
#
# By RFC 4514 §2.4 and §3 a backslash stands before a special character, "+" and space among them, or before its two
# hexadecimal digits, and both mean the same. The library takes "+D" in "Art\+Drama" for the two digits. A backslash in
# a value is written without its escape, so the name is another one when it is read again. Such a name of a group finds
# nothing, or another group. go-ldap reads both forms alike. Takes Go, node and npm; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @ldapjs/dn@1.1.0 >/dev/null
cat > names <<'END'
cn=Art\+Drama,ou=Groups
cn=Art\2BDrama,ou=Groups
cn=Grades K\+1,ou=Groups
cn=Art\+Music,ou=Groups
cn=Lead\ Aide,ou=Groups
cn=Lead\20Aide,ou=Groups
cn=A\\B,ou=Groups
END
cat > try.cjs <<'END'
const {DN} = require("@ldapjs/dn");
for (const name of require("fs").readFileSync("names", "utf8").trim().split("\n")) {
    const parsed = DN.fromString(name);
    console.log(`${JSON.stringify(parsed.rdnAt(0).getValue("cn"))}, written as ${parsed}`);
}
END
printf 'module example\n\ngo 1.25\n\nrequire github.com/go-ldap/ldap/v3 v3.4.15\n' > go.mod
cat > try.go <<'END'
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		name, err := ldap.ParseDN(lines.Text())
		if err != nil {
			panic(err)
		}
		fmt.Printf("%q\n", name.RDNs[0].Attributes[0].Value)
	}
}
END
go mod tidy 2>/dev/null
CGO_ENABLED=0 go build -o try try.go
node try.cjs > ldapjs
./try < names > go-ldap
echo "@ldapjs/dn 1.1.0 on node $(node --version); go-ldap 3.4.15"
paste -d '|' names go-ldap ldapjs | sed 's/|/\n    go-ldap: /; s/|/\n    ldapjs:  /' | tee output
cat > expected <<'END'
cn=Art\+Drama,ou=Groups
    go-ldap: "Art+Drama"
    ldapjs:  "Art\rrama", written as cn=Art\0drama,ou=Groups
cn=Art\2BDrama,ou=Groups
    go-ldap: "Art+Drama"
    ldapjs:  "Art+Drama", written as cn=Art\2bDrama,ou=Groups
cn=Grades K\+1,ou=Groups
    go-ldap: "Grades K+1"
    ldapjs:  "Grades K\u0001", written as cn=Grades K\01,ou=Groups
cn=Art\+Music,ou=Groups
    go-ldap: "Art+Music"
    ldapjs:  "Art+Music", written as cn=Art\2bMusic,ou=Groups
cn=Lead\ Aide,ou=Groups
    go-ldap: "Lead Aide"
    ldapjs:  "Lead\nide", written as cn=Lead\0aide,ou=Groups
cn=Lead\20Aide,ou=Groups
    go-ldap: "Lead Aide"
    ldapjs:  "Lead Aide", written as cn=Lead Aide,ou=Groups
cn=A\\B,ou=Groups
    go-ldap: "A\\B"
    ldapjs:  "A\\B", written as cn=A\B,ou=Groups
END
diff expected output && echo "The values of go-ldap are those of RFC 4514."
