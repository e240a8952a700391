#!/bin/sh
# Regorus's yaml.marshal writes text without quotes that OPA or PyYAML reads as a number, a date or true.
#
# OPA's yaml.marshal puts such text in quotes. Regorus leaves the room "1_000", the answer "on", the time "22:30" and a
# date as they are, as a reader of YAML 1.2 may expect; OPA's own yaml.unmarshal then makes the room the number 1000,
# and PyYAML, which reads YAML 1.1, makes the time 1350, the answer true and the date no text. What one engine writes to
# a file of policy data is other data for the next reader. Takes Go, python3 and the pinned OPA module; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446 PyYAML==6.0.3
cat > rule.rego <<'REGO'
package example

values := ["0210", "1_000", "on", "22:30", "2026-06-30"]

files := [yaml.marshal(value) | some value in values]
REGO
cat > try.py <<'END'
import json
import subprocess

import regorus
import yaml


def opa(query, value):
    command = ["./opa", "eval", "--data", "rule.rego", "--format", "raw", "--stdin-input", query]
    return json.loads(subprocess.check_output(command, input=json.dumps(value), text=True))


engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
values, own = opa("[data.example.values, data.example.files]", {})
for value, *files in zip(values, own, engine.eval_rule("data.example.files")):
    for writer, file in zip(("OPA", "Regorus"), files):
        read = opa("[yaml.unmarshal(input)]", file)[0]
        print(f"{value!r}: {writer} writes {file.strip()}; OPA reads {read!r}, PyYAML {yaml.safe_load(file)!r}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); celine-regorus 0.9.1; PyYAML 6.0.3"
venv/bin/python try.py | tee output
cat > expected <<'END'
'0210': OPA writes "0210"; OPA reads '0210', PyYAML '0210'
'0210': Regorus writes '0210'; OPA reads '0210', PyYAML '0210'
'1_000': OPA writes "1_000"; OPA reads '1_000', PyYAML '1_000'
'1_000': Regorus writes 1_000; OPA reads 1000, PyYAML 1000
'on': OPA writes "on"; OPA reads 'on', PyYAML 'on'
'on': Regorus writes on; OPA reads 'on', PyYAML True
'22:30': OPA writes "22:30"; OPA reads '22:30', PyYAML '22:30'
'22:30': Regorus writes 22:30; OPA reads '22:30', PyYAML 1350
'2026-06-30': OPA writes "2026-06-30"; OPA reads '2026-06-30', PyYAML '2026-06-30'
'2026-06-30': Regorus writes 2026-06-30; OPA reads '2026-06-30', PyYAML datetime.date(2026, 6, 30)
END
diff expected output && echo "All of them are text."
