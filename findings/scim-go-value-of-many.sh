#!/bin/sh
# The filters of elimity-com/scim for Go find nobody by `emails.value` or `groups.value`.
#
# A filter on an attribute of many values holds where one value does; the last filter below is an example of RFC 7644
# §3.4.2.2, shortened. The package accepts `emails.value eq …` as valid. It looks for one email instead of a list, and
# counts what it does not find as no match, so the negation finds everyone. `emails[value eq …]` works;
# scim2-parse-filter reads both alike. A client that asks for the people of group 7 gets none of them, and one that asks
# for all others gets them all. Takes Go, node and npm; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scim2-parse-filter@0.2.10 >/dev/null
cat > user.json <<'END'
{"userName": "jo", "userType": "Teacher", "emails": [{"value": "jo@example.org", "type": "work"}],
    "groups": [{"value": "7"}]}
END
cat > filters <<'END'
emails[value eq "jo@example.org"]
emails.value eq "jo@example.org"
emails.value pr
groups.value eq "7"
not (groups.value eq "7")
userType ne "Employee" and not (emails.value co "example.org")
END
cat > main.go <<'END'
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/schema"
)

func main() {
	var user map[string]interface{}
	text, _ := os.ReadFile("user.json")
	if err := json.Unmarshal(text, &user); err != nil {
		panic(err)
	}
	file, _ := os.Open("filters")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		validator, err := filter.NewValidator(lines.Text(), schema.CoreUserSchema())
		if err == nil {
			err = validator.Validate()
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(validator.PassesFilter(user) == nil)
	}
}
END
go mod init example 2>/dev/null
go get github.com/elimity-com/scim@v0.0.0-20260728105928-2641426a1539 2>/dev/null
go run . > go
cat > try.mjs <<'END'
import fs from "fs";
import {filter, parse} from "scim2-parse-filter";
const user = JSON.parse(fs.readFileSync("user.json", "utf8"));
for (const line of fs.readFileSync("filters", "utf8").trim().split("\n")) console.log(filter(parse(line))(user));
END
node try.mjs > javascript
echo "elimity-com/scim of July 28, 2026 (2641426a1539); scim2-parse-filter 0.2.10 on node $(node --version)"
{ echo "filter|scim2-parse-filter|elimity-com/scim"; paste -d '|' filters javascript go; } | tee output
cat > expected <<'END'
filter|scim2-parse-filter|elimity-com/scim
emails[value eq "jo@example.org"]|true|true
emails.value eq "jo@example.org"|true|false
emails.value pr|true|false
groups.value eq "7"|true|false
not (groups.value eq "7")|false|true
userType ne "Employee" and not (emails.value co "example.org")|false|true
END
diff expected output && echo "The person has this address and is in this group."
