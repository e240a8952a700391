#!/bin/sh
# OPA's `test --run` with a test's whole path, anchored, leaves further rules of that name out. OPA numbers them, and
# writes their path with brackets: data.p_test["test_role#01"]. So a run of "this one test" passes although its second
# rule fails; `opa eval` of the same path gives one value for both rules, and the failing one does not show there either.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "test --run with a test's anchored path runs the first rule of that name alone."
echo

cat > p_test.rego <<'REGO'
package p_test

test_role if 1 + 1 == 2

test_role if 1 + 1 == 3
REGO

# Each test that ran and how it went, one a line.
ran() { ./opa test --verbose "$@" p_test.rego | sed -n 's/^\(data[^ ]*\): \([A-Z]*\).*/\1 \2/p' | sort -u; }
all=$(ran || true)
one=$(ran --run '^data\.p_test\.test_role$' || true)
value=$(./opa eval --format raw --data p_test.rego data.p_test.test_role)
printf 'all tests:\n%s\n--run ^data.p_test.test_role$:\n%s\neval data.p_test.test_role: %s\n' "$all" "$one" "$value"
[ "$all" = 'data.p_test.test_role PASS
data.p_test.test_role#01 FAIL' ] && [ "$one" = 'data.p_test.test_role PASS' ] && [ "$value" = true ]
