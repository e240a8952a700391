#!/bin/sh
# xiatechs/jsonata-go takes a moment with an offset for midnight in UTC of its date.
#
# JSONata's $toMillis gives the milliseconds of an ISO 8601 timestamp. The library says that it has feature parity with
# JavaScript's jsonata 1.5.4; the jsonata of today and blues/jsonata-go agree with each other. With "Z" or without an
# offset this library does too; with "-06:00" or "+00:00" both the time and the offset are gone, without an error. So
# 11:30 p.m. in Denver comes before noon of that day, and a change of the evening is older than the last run. Takes Go,
# node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts jsonata@2.2.2 >/dev/null
cat > expressions <<'END'
$toMillis("2026-06-30T23:30:00") = $toMillis("2026-06-30T23:30:00Z")
$toMillis("2026-06-30T23:30:00+00:00") = $toMillis("2026-06-30T23:30:00Z")
$toMillis("2026-06-30T23:30:00-06:00") = $toMillis("2026-07-01T05:30:00Z")
$toMillis("2026-06-30T23:30:00-06:00") = $toMillis("2026-06-30T00:00:00Z")
$toMillis("2026-06-30T23:30:00-06:00") < $toMillis("2026-06-30T12:00:00Z")
END
cat > main.go <<'END'
package main

import (
	"bufio"
	"fmt"
	"os"

	blues "github.com/blues/jsonata-go"
	xiatechs "github.com/xiatechs/jsonata-go"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	file, err := os.Open("expressions")
	check(err)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		first, err := blues.MustCompile(lines.Text()).Eval(nil)
		check(err)
		second, err := xiatechs.MustCompile(lines.Text()).Eval(nil)
		check(err)
		fmt.Printf("%v|%v\n", first, second)
	}
}
END
go mod init example 2>/dev/null
go get github.com/blues/jsonata-go@v1.5.4 github.com/xiatechs/jsonata-go@v1.8.8 2>/dev/null
go run . > go
cat > try.cjs <<'END'
const fs = require("fs");
const jsonata = require("jsonata");
(async () => {
    for (const line of fs.readFileSync("expressions", "utf8").trim().split("\n"))
        console.log(await jsonata(line).evaluate(null));
})();
END
node try.cjs > javascript
echo "jsonata 2.2.2 on node $(node --version); blues/jsonata-go 1.5.4; xiatechs/jsonata-go 1.8.8"
{ echo "expression|jsonata|blues|xiatechs"; paste -d '|' expressions javascript go; } | tee output
cat > expected <<'END'
expression|jsonata|blues|xiatechs
$toMillis("2026-06-30T23:30:00") = $toMillis("2026-06-30T23:30:00Z")|true|true|true
$toMillis("2026-06-30T23:30:00+00:00") = $toMillis("2026-06-30T23:30:00Z")|true|true|false
$toMillis("2026-06-30T23:30:00-06:00") = $toMillis("2026-07-01T05:30:00Z")|true|true|false
$toMillis("2026-06-30T23:30:00-06:00") = $toMillis("2026-06-30T00:00:00Z")|false|false|true
$toMillis("2026-06-30T23:30:00-06:00") < $toMillis("2026-06-30T12:00:00Z")|false|false|true
END
diff expected output && echo "Half past eleven in the evening should not be midnight."
