#!/bin/sh
# With `import rego.v2`, OPA does not check the types of arguments inside `not`.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "With \`import rego.v2\`, opa check --strict passes a number where a string is needed, inside \`not\`."
echo

body='
limit := 2

refused if not startswith(limit, "sub")
'
printf 'package example\n%s' "$body" > v1.rego
printf 'package example\n\nimport rego.v2\n%s' "$body" > v2.rego

v1=$(./opa check --strict v1.rego 2>&1 && echo passes) || true
v2=$(./opa check --strict v2.rego 2>&1 && echo passes) || true
answer=$(./opa eval --data v2.rego --format raw data.example.refused)
printf 'without the import: %s\n\nwith it: %s\nand the rule is: %s\n' "$v1" "$v2" "$answer"

case "$v1" in *"startswith: invalid argument(s)"*) ;; *) exit 1 ;; esac
[ "$v2" = passes ] && [ "$answer" = "true" ]
