#!/bin/sh
# OPA's time.diff gives one difference for a date ten days ago and for a date ten days ahead.
#
# OPA's reference calls the result the difference between ns1 and ns2, in years, months, days, hours, minutes and
# seconds. time.diff puts the earlier moment first and has no sign, where `-` on the same moments is negative one way
# round, so a rule for "less than 30 days left" also holds after the date. Regorus does the same. Takes Go, python3 and
# the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

today := time.parse_rfc3339_ns("2026-06-30T00:00:00Z")

ends := {
	"ahead": time.parse_rfc3339_ns("2026-07-10T00:00:00Z"),
	"past": time.parse_rfc3339_ns("2026-06-20T00:00:00Z"),
}

answer[name] := {"diff": time.diff(end, today), "minus_days": (end - today) / 86400000000000} if some name, end in ends
REGO
./opa check --strict rule.rego
cat > try.py <<'END'
import json
import subprocess

import regorus

asked = subprocess.run(["./opa", "eval", "-d", "rule.rego", "data.example.answer"], capture_output=True, check=True)
engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
answers = {
    "OPA": json.loads(asked.stdout)["result"][0]["expressions"][0]["value"],
    "Regorus": engine.eval_rule("data.example.answer"),
}
for name, answer in answers.items():
    for end in ("ahead", "past"):
        diff = [int(part) for part in answer[end]["diff"]]
        print(f"{name}: ten days {end}: minus {int(answer[end]['minus_days'])} days, time.diff {diff}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); Regorus 0.9.1 of celine-regorus"
venv/bin/python try.py | tee output
cat > expected <<'END'
OPA: ten days ahead: minus 10 days, time.diff [0, 0, 10, 0, 0, 0]
OPA: ten days past: minus -10 days, time.diff [0, 0, 10, 0, 0, 0]
Regorus: ten days ahead: minus 10 days, time.diff [0, 0, 10, 0, 0, 0]
Regorus: ten days past: minus -10 days, time.diff [0, 0, 10, 0, 0, 0]
END
diff expected output && echo "The difference of a date that has passed should tell so."
