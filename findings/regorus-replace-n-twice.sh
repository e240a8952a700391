#!/bin/sh
# Regorus's strings.replace_n replaces what it has just put in; OPA's does not.
#
# OPA's reference says that replacements are made in the order in which the old strings appear in the text, without
# overlapping matches, so one call can exchange two names or move every school year on by one. Regorus goes through the
# text once for each pair: both names, and both years, become one. Takes Go, python3 and the pinned OPA module; works in
# a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

text := [
	strings.replace_n({"East": "West", "West": "East"}, "East and West"),
	strings.replace_n({"2025-26": "2026-27", "2026-27": "2027-28"}, "2025-26, 2026-27"),
	strings.replace_n({" ": "%20", "%": "%25"}, "50% off"),
]
REGO
./opa check --strict rule.rego
cat > try.py <<'END'
import json
import subprocess

import regorus

asked = subprocess.run(["./opa", "eval", "-d", "rule.rego", "data.example.text"], capture_output=True, check=True)
engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
opa = json.loads(asked.stdout)["result"][0]["expressions"][0]["value"]
for ours, theirs in zip(opa, engine.eval_rule("data.example.text"), strict=True):
    print(f"OPA: {ours} | Regorus: {theirs}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); Regorus 0.9.1 of celine-regorus"
venv/bin/python try.py | tee output
cat > expected <<'END'
OPA: West and East | Regorus: East and East
OPA: 2026-27, 2027-28 | Regorus: 2027-28, 2027-28
OPA: 50%25%20off | Regorus: 50%25%2520off
END
diff expected output && echo "What was put in should not be replaced."
