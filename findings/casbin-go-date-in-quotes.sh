#!/bin/sh
# Casbin for Go never finds a date equal to itself when the date is written in the matcher.
#
# Casbin has one language of models for all its implementations, and a value in quotes is text. Casbin for Go makes a
# moment of a quoted text that looks like a date or a time, and compares it with the text of the request: `==` and `in`
# are false, `!=` is true, and `>=` is an error. The same text from the policy file, and quoted text that is no date,
# compare well. node-casbin and pycasbin find all of them equal. A rule "not on the last day" then holds on that day.
# Takes Go, node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts casbin@5.51.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check casbin==1.43.0
cat > model.conf <<'END'
[request_definition]
r = end
[policy_definition]
p = end
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = MATCHER
END
echo 'p, 2026-06-30' > policy.csv
cat > matchers <<'END'
r.end == p.end
r.end == "June 30"
r.end == "2026-06-30"
r.end != "2026-06-30"
r.end >= "2026-06-30"
r.end == "7:30AM"
END
cat > main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/casbin/casbin/v2"
)

func main() {
	enforcer, err := casbin.NewEnforcer("model", "policy.csv")
	if err != nil {
		panic(err)
	}
	answer, err := enforcer.Enforce(os.Args[1])
	if err != nil {
		fmt.Println("error")
	} else {
		fmt.Println(answer)
	}
}
END
go mod init example 2>/dev/null
go get github.com/casbin/casbin/v2@v2.135.0 2>/dev/null
go build -o enforce .
cat > try.cjs <<'END'
const {newEnforcer} = require("casbin");
newEnforcer("model", "policy.csv").then((enforcer) => enforcer.enforce(process.argv[2])).then(console.log);
END
cat > try.py <<'END'
import sys

import casbin

print(str(casbin.Enforcer("model", "policy.csv").enforce(sys.argv[1])).lower())
END
echo "Casbin 2.135.0 for Go, node-casbin 5.51.1 on node $(node --version), pycasbin 1.43.0"
while read -r matcher; do
    sed "s/MATCHER/$matcher/" model.conf > model
    end=2026-06-30
    case $matcher in *June*) end="June 30" ;; *AM*) end=7:30AM ;; esac
    echo "$matcher: Go $(./enforce "$end"), Node $(node try.cjs "$end"), Python $(venv/bin/python try.py "$end")"
done < matchers | tee output
cat > expected <<'END'
r.end == p.end: Go true, Node true, Python true
r.end == "June 30": Go true, Node true, Python true
r.end == "2026-06-30": Go false, Node true, Python true
r.end != "2026-06-30": Go true, Node false, Python false
r.end >= "2026-06-30": Go error, Node true, Python true
r.end == "7:30AM": Go false, Node true, Python true
END
diff expected output && echo "All but the fourth should be true."
