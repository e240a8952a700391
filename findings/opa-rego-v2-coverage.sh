#!/bin/sh
# With `import rego.v2`, OPA counts an operand of `or` that never ran as covered.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "One test of the first operand of \`or\` covers the line whole; two bodies of one rule show what never ran."
echo

mkdir joined apart
cat > joined/rule.rego <<'REGO'
package example

import rego.v2

allow if input.role == "teacher" or input.role == "secretary"
REGO
cat > apart/rule.rego <<'REGO'
package example

allow if input.role == "teacher"

allow if input.role == "secretary"
REGO
cat > rule_test.rego <<'REGO'
package example_test

import data.example

test_teacher if example.allow with input as {"role": "teacher"}
REGO

share() {
    ./opa test "$1" rule_test.rego --coverage --format json |
        sed -n '/"'"$1"'\/rule.rego"/,/^    }/s/.*"coverage": \([0-9.]*\).*/\1/p'
}
joined=$(share joined)
apart=$(share apart)
printf 'one line with or: %s %% covered\ntwo bodies: %s %% covered\n' "$joined" "$apart"
[ "$joined" = "100" ] && [ "$apart" = "50" ]
