#!/bin/sh
# A function of a Rego package that is named as an operator's builtin replaces the operator.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "A function \`minus\` or \`lt\` in a package is what \`-\` or \`<\` calls there; opa check --strict says nothing."
echo

cat > plain.rego <<'REGO'
package example

left := 10 - 4

earlier := "2026-08-01" < "2026-07-01"
REGO
cat plain.rego - > named.rego <<'REGO'

# The roles in `one` that are not in `other`.
minus(one, other) := [role | some role in one; not role in other]

# Whether `one` is as long as `other`.
lt(one, other) if count(one) == count(other)
REGO

./opa check --strict plain.rego
./opa check --strict named.rego
plain=$(./opa eval --data plain.rego --format raw data.example)
named=$(./opa eval --data named.rego --format raw data.example)
printf 'without the functions: %s\nwith them: %s\n' "$plain" "$named"
[ "$plain" = '{"earlier":false,"left":6}' ] && [ "$named" = '{"earlier":true,"left":[]}' ]
