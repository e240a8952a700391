#!/bin/sh
# OPA rounds the numbers between -1 and 0 the wrong way: their floor is 0 and their ceil is 1.
#
# OPA's reference says that floor rounds down and ceil rounds up to the nearest integer; -1.5 is rounded so. A due
# date that passed some days ago is still 0 whole weeks away, not -1, so it looks as if it had not passed. Takes Go
# and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
cat > rule.rego <<'REGO'
package example

day := (24 * 60) * 60

weeks_left(due, today) := floor((due - today) / (7 * day))

due := time.parse_ns("2006-01-02", "2026-06-30") / 1000000000

left := [weeks_left(due, due + (n * day)) | some n in [-8, -1, 0, 1, 6, 7, 8]]

floors := [floor(x) | some x in [-1.5, -1, -0.5, -0.001, 0.5]]

ceils := [ceil(x) | some x in [-1.5, -1, -0.5, -0.001, 0.5]]
REGO
./opa check --strict rule.rego
value() { ./opa eval --data rule.rego --format raw "data.example.$1"; }
{
    echo "floor of -1.5, -1, -0.5, -0.001, 0.5: $(value floors)"
    echo "ceil of the same: $(value ceils)"
    echo "whole weeks left 8 and 1 days before, on the day, and 1, 6, 7, 8 days after: $(value left)"
} | tee output
cat > expected <<'END'
floor of -1.5, -1, -0.5, -0.001, 0.5: [-2,-1,0,0,0]
ceil of the same: [-1,-1,1,1,1]
whole weeks left 8 and 1 days before, on the day, and 1, 6, 7, 8 days after: [1,0,0,0,0,-1,-2]
END
diff expected output && echo "floor(-0.5) should be -1, and ceil(-0.5) should be 0."
