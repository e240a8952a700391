#!/bin/sh
# Regorus's time.add_date ends a month earlier than OPA's, and a year after February 29 it has no date at all.
#
# OPA's reference says that add_date normalizes: the 32nd of October becomes November 1. So a month after January 31 is
# March 3, and a year after February 29 is March 1. Regorus goes to the last day of the shorter month, and is undefined
# (None in Python) where a year has no February 29, so a rule about a certificate of that day does not hold. Takes Go,
# python3 and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

after(date, years, months) := time.add_date(time.parse_ns("2006-01-02", date), years, months, 0)

day(time_ns) := time.format([time_ns, "UTC", "2006-01-02"])

dates := {
	"31 Jan + 1 month": day(after("2026-01-31", 0, 1)),
	"31 Mar - 1 month": day(after("2026-03-31", 0, -1)),
	"29 Feb + 4 years": day(after("2024-02-29", 4, 0)),
}

year_after_leap_day := day(after("2024-02-29", 1, 0))

default valid := false

valid if after("2024-02-29", 3, 0) > time.parse_ns("2006-01-02", "2026-06-30")
REGO
cat > try.py <<'END'
import json

import regorus

engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
for rule in ("dates", "year_after_leap_day", "valid"):
    print(json.dumps(engine.eval_rule(f"data.example.{rule}"), separators=(",", ":"), sort_keys=True))
END
{
    echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
    for rule in dates year_after_leap_day valid; do
        ./opa eval --data rule.rego --format raw "data.example.$rule"
    done
    echo "Regorus 0.9.1, as the wheel celine-regorus"
    venv/bin/python try.py
} | tee output
cat > expected <<'END'
Open Policy Agent 1.22.4
{"29 Feb + 4 years":"2028-02-29","31 Jan + 1 month":"2026-03-03","31 Mar - 1 month":"2026-03-03"}
2025-03-01
true
Regorus 0.9.1, as the wheel celine-regorus
{"29 Feb + 4 years":"2028-02-29","31 Jan + 1 month":"2026-02-28","31 Mar - 1 month":"2026-02-28"}
null
false
END
diff expected output && echo "The dates of OPA are those of its reference."
