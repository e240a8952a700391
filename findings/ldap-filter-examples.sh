#!/bin/sh
# ldapts misreads two examples of RFC 4515 §4, and go-ldap misreads another.
#
# An escape is one octet of UTF-8 (§3). ldapts reads each octet as a character, so it searches for another name when a
# filter comes from go-ldap's EscapeFilter. It also refuses a dotted number as the name of an attribute. §3 has "dn"
# in any case for a search in the parts of the entry's name; go-ldap takes "DN" as part of the matching rule. Takes
# Go, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts ldapts@9.2.0 >/dev/null
cat > filters <<'END'
(sn=Lu\c4\8di\c4\87)
(1.3.6.1.4.1.1466.0=\04\02\48\69)
(:DN:2.4.6.8.10:=Dino)
END
cat > try.mjs <<'END'
import fs from "fs";
import {FilterParser} from "ldapts";
const ascii = (text) => text.replace(/[^ -~]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
for (const text of fs.readFileSync("filters", "utf8").trim().split("\n")) {
    try {
        const {attribute, value, rule, dnAttributes} = FilterParser.parseString(text);
        console.log("ldapts", text, ascii(JSON.stringify({attribute, value, rule, dnAttributes})));
    } catch (error) {
        console.log("ldapts", text, error.message.split(":")[0]);
    }
}
END
printf 'module example\n\ngo 1.26\n\nrequire github.com/go-ldap/ldap/v3 v3.4.15\n' > go.mod
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
		filter, err := ldap.CompileFilter(lines.Text())
		if err != nil {
			panic(err)
		}
		fmt.Println("go-ldap", lines.Text())
		for _, part := range filter.Children {
			fmt.Printf("    tag %d: %q\n", part.Tag, part.Data.String())
		}
	}
	fmt.Println("go-ldap escapes Lučić:", ldap.EscapeFilter("Lučić"))
}
END
go mod tidy 2>/dev/null
CGO_ENABLED=0 go build -o try try.go
echo "ldapts 9.2.0 on node $(node --version); go-ldap 3.4.15"
{ node try.mjs; ./try < filters; } | tee output
cat > expected <<'END'
ldapts (sn=Lu\c4\8di\c4\87) {"attribute":"sn","value":"Lu\u00c4\u008di\u00c4\u0087"}
ldapts (1.3.6.1.4.1.1466.0=\04\02\48\69) Invalid expression
ldapts (:DN:2.4.6.8.10:=Dino) {"value":"Dino","rule":"2.4.6.8.10","dnAttributes":true}
go-ldap (sn=Lu\c4\8di\c4\87)
    tag 4: "sn"
    tag 4: "Lučić"
go-ldap (1.3.6.1.4.1.1466.0=\04\02\48\69)
    tag 4: "1.3.6.1.4.1.1466.0"
    tag 4: "\x04\x02Hi"
go-ldap (:DN:2.4.6.8.10:=Dino)
    tag 1: "DN:2.4.6.8.10"
    tag 3: "Dino"
go-ldap escapes Lučić: Lu\c4\8di\c4\87
END
diff expected output && echo "Each library reads the examples that the other gets wrong."
