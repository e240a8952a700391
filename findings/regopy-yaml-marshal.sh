#!/bin/sh
# regopy's yaml.marshal writes the texts "0210" and "null" without quotes, so a reader finds a number and nothing.
#
# A plain 0210 is a number by YAML 1.1 and 1.2, and a plain null is null (YAML 1.2.2 §10.3.2), so these texts need quotes.
# OPA quotes whatever any reader could take for something else. Regorus quotes these two and leaves "no" and the day,
# texts by YAML 1.2 and a boolean and a date by 1.1. A policy that writes its answer as YAML gives a school another
# number. Takes Go, python3 and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check regopy==1.5.2 celine-regorus==0.9.1.post20260227075446 PyYAML==6.0.3
cat > rule.rego <<'REGO'
package example

written := yaml.marshal({"answer": "no", "day": "2026-06-30", "end": "null", "school": "0210"})
REGO
./opa eval --data rule.rego --format raw data.example.written > opa.yaml
cat > try.py <<'END'
import json

import regopy
import regorus
import yaml

text = open("rule.rego").read()
one, other = regopy.Interpreter(), regorus.Engine()
one.add_module("rule.rego", text)
other.add_policy("rule.rego", text)
found = {
    "OPA": open("opa.yaml").read(),
    "Regorus": other.eval_rule("data.example.written"),
    "regopy": json.loads(str(one.query("data.example.written")))["expressions"][0],
}
for who, written in found.items():
    print(f"{who}: {written.strip().splitlines()}")
    print("  as PyYAML reads it:", {name: str(value) for name, value in yaml.safe_load(written).items()})
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); regopy 1.5.2; Regorus 0.9.1, as the wheel celine-regorus; PyYAML 6.0.3"
venv/bin/python try.py | tee output
cat > expected <<'END'
OPA: ['answer: "no"', 'day: "2026-06-30"', 'end: "null"', 'school: "0210"']
  as PyYAML reads it: {'answer': 'no', 'day': '2026-06-30', 'end': 'null', 'school': '0210'}
Regorus: ['answer: no', 'day: 2026-06-30', "end: 'null'", "school: '0210'"]
  as PyYAML reads it: {'answer': 'False', 'day': '2026-06-30', 'end': 'null', 'school': '0210'}
regopy: ['answer: no', 'day: 2026-06-30', 'end: null', 'school: 0210']
  as PyYAML reads it: {'answer': 'False', 'day': '2026-06-30', 'end': 'None', 'school': '136'}
END
diff expected output && echo "regopy writes texts that YAML reads as other values."
