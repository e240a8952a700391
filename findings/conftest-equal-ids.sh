#!/bin/sh
# Conftest makes one number of two that differ, in JSON and YAML; OPA, whose policies it runs, tells them apart.
#
# RFC 8259 §6 sets no limit to a number and lets software set one. OPA keeps a number as it is written, as Conftest does
# with a file of TOML. Conftest reads JSON and YAML through doubles, so past 2^53 two neighbors are equal: a rule that
# two ids are one passes in Conftest and fails in OPA. Takes Go and the pinned modules of Conftest and OPA; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOBIN="$folder" CGO_ENABLED=0
go install github.com/open-policy-agent/conftest@v0.71.1
go install github.com/open-policy-agent/opa@v1.22.4
cat > rule.rego <<'REGO'
package main

deny contains sprintf("%v is not %v", [input.a, input.b]) if input.a != input.b
REGO
echo '{"a": 9007199254740993, "b": 9007199254740992}' > ids.json
printf 'a: 9007199254740993\nb: 9007199254740992\n' > ids.yaml
printf 'a = 9007199254740993\nb = 9007199254740992\n' > ids.toml
echo "Conftest 0.71.1; Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
{
    for file in ids.json ids.yaml ids.toml; do
        ./conftest test --no-color --policy rule.rego "$file" > found || true
        echo "Conftest $file: $(grep -o '[0-9] failures\{0,1\}' found)"
    done
    for file in ids.json ids.yaml; do
        echo "OPA $file: $(./opa eval --format raw -d rule.rego -i "$file" 'concat("", data.main.deny)')"
    done
} | tee output
cat > expected <<'END'
Conftest ids.json: 0 failures
Conftest ids.yaml: 0 failures
Conftest ids.toml: 1 failure
OPA ids.json: 9007199254740993 is not 9007199254740992
OPA ids.yaml: 9007199254740993 is not 9007199254740992
END
diff expected output && echo "Numbers that differ should differ."
