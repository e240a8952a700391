#!/bin/sh
# regopy finds 9 the greatest of 9 and 10, and null not less than a day.
#
# OPA's reference orders values by type first: null, booleans, numbers, strings, arrays, objects, sets. `max` and `sort`
# follow it, and so does `<`, by which a period that ends on null has ended before any day. `max` and
# `sort` of regopy 1.5.2 go by the spelling of values, though 9 < 10 holds with it too, and null < "2026-06-30" does not.
# Regorus follows OPA. Takes Go, python3 and the pinned OPA module; works in a folder of its own and removes it. Exits 1
# if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check regopy==1.5.2 celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

ended := [day | some day in [null, "2025-06-30", "2027-06-30"]; day < "2026-06-30"]

greatest := max([9, 10])

sorted := sort(["2026-06-30", 10, 9, null])
REGO
./opa check --strict rule.rego
cat > try.py <<'END'
import json

import regopy
import regorus

text = open("rule.rego").read()
one, other = regopy.Interpreter(), regorus.Engine()
one.add_module("rule.rego", text)
other.add_policy("rule.rego", text)
for rule in ("ended", "greatest", "sorted"):
    path = f"data.example.{rule}"
    found = json.loads(str(one.query(path)))["expressions"][0]
    print(f"regopy  {rule}:", json.dumps(found))
    print(f"Regorus {rule}:", json.dumps(other.eval_rule(path)).replace(".0", ""))
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); regopy 1.5.2; Regorus 0.9.1, as the wheel celine-regorus"
{
    for rule in ended greatest sorted; do
        echo "OPA     $rule: $(./opa eval --data rule.rego --format raw "data.example.$rule")"
    done
    venv/bin/python try.py
} | tee output
cat > expected <<'END'
OPA     ended: [null,"2025-06-30"]
OPA     greatest: 10
OPA     sorted: [null,9,10,"2026-06-30"]
regopy  ended: ["2025-06-30"]
Regorus ended: [null, "2025-06-30"]
regopy  greatest: 9
Regorus greatest: 10
regopy  sorted: ["2026-06-30", 10, 9, null]
Regorus sorted: [null, 9, 10, "2026-06-30"]
END
diff expected output && echo "regopy sorts values by how they are written."
