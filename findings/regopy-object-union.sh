#!/bin/sh
# regopy's object.union replaces an object inside an object; OPA's merges it.
#
# OPA's reference calls the result the recursive union of two objects. regopy 1.5.2 lists the builtins that it lacks,
# and object.union is not one of them. A district that overrides one default loses the others with regopy, and a rule
# that needs a lost value is undefined. Takes Go, python3 and the pinned OPA module; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check regopy==1.5.2
cat > rule.rego <<'REGO'
package example

defaults := {"lead_days": 120, "validity": {"years": 2, "opens": "01-01"}}

district := {"lead_days": 90, "validity": {"opens": "02-01"}}

merged := object.union(defaults, district)

merged_n := object.union_n([defaults, district])

years := merged.validity.years
REGO
./opa check --strict rule.rego
cat > try.py <<'END'
import regopy

interpreter = regopy.Interpreter()
interpreter.add_module("rule.rego", open("rule.rego").read())
for rule in ("merged", "merged_n", "years"):
    print(f"regopy {rule}: {interpreter.query(f'data.example.{rule}')}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'), regopy 1.5.2"
{
    for rule in merged merged_n years; do
        echo "OPA $rule: $(./opa eval --data rule.rego --format raw "data.example.$rule" | tr -d ' \n')"
    done
    venv/bin/python try.py
} | tee output
cat > expected <<'END'
OPA merged: {"lead_days":90,"validity":{"opens":"02-01","years":2}}
OPA merged_n: {"lead_days":90,"validity":{"opens":"02-01","years":2}}
OPA years: 2
regopy merged: {"expressions":[{"lead_days":90, "validity":{"opens":"02-01"}}]}
regopy merged_n: {"expressions":[{"lead_days":90, "validity":{"opens":"02-01"}}]}
regopy years: undefined
END
diff expected output && echo "With regopy the two years of validity are gone."
