#!/bin/sh
# Three engines for Rego read three sets of the times of RFC 3339: regopy none that ends with Z, OPA none with a small one.
#
# By RFC 3339 §5.6 a time ends with Z or an offset, and T and Z "may alternatively be lower case". regopy 1.5.2 has
# time.parse_rfc3339_ns and reads only times with an offset by it, so most feeds' times are undefined, and so is what
# rests on them. OPA follows Go, which takes capitals alone. Regorus reads all. Takes Go, python3 and the pinned OPA
# module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check regopy==1.5.2 celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

offset := time.parse_rfc3339_ns("2026-06-30T17:00:00-06:00")

capitals := time.parse_rfc3339_ns("2026-06-30T23:00:00Z")

small := time.parse_rfc3339_ns("2026-06-30t23:00:00z")
REGO
cat > try.py <<'END'
import json

import regopy
import regorus

text = open("rule.rego").read()
one, other = regopy.Interpreter(), regorus.Engine()
one.add_module("rule.rego", text)
other.add_policy("rule.rego", text)
for rule in ("offset", "capitals", "small"):
    found = str(one.query(f"data.example.{rule}"))
    print(f"regopy  {rule}:", found if found == "undefined" else json.loads(found)["expressions"][0])
    print(f"Regorus {rule}:", other.eval_rule(f"data.example.{rule}"))
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); regopy 1.5.2; Regorus 0.9.1, as the wheel celine-regorus"
{
    for rule in offset capitals small; do
        found=$(./opa eval --data rule.rego --format raw "data.example.$rule")
        echo "OPA     $rule: ${found:-undefined}"
    done
    venv/bin/python try.py
} | tee output
cat > expected <<'END'
OPA     offset: 1782860400000000000
OPA     capitals: 1782860400000000000
OPA     small: undefined
regopy  offset: 1782860400000000000
Regorus offset: 1782860400000000000
regopy  capitals: undefined
Regorus capitals: 1782860400000000000
regopy  small: undefined
Regorus small: 1782860400000000000
END
diff expected output && echo "Only an offset is read by all three."
