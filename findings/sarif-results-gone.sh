#!/bin/sh
# sarif-tools and sarif-junit count a finding that is gone; sarif-junit passes an error whose level its rule states.
#
# By SARIF 2.1.0 §3.27.24 a result with the baselineState "absent" was there in the last run and is not in this one, and
# by §3.27.10 a result without a level has that of its rule, or else "warning". Both tools list what is gone as an error
# of today: sarif's `--check error` fails when everything is repaired. sarif-junit makes a test that passes of a result
# whose rule says "error". An audit's report so loses what it found and keeps what was settled. Takes node, npm and
# python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts sarif-junit@1.1.4 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sarif-tools==3.0.5
cat > audit.sarif <<'END'
{"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [{
    "tool": {"driver": {"name": "audit", "rules": [
        {"id": "access-unexplained", "defaultConfiguration": {"level": "error"}}
    ]}},
    "results": [RESULTS]
}]}
END
location='"locations": [{"physicalLocation": {"artifactLocation": {"uri": "access.csv"}, "region": {"startLine": 7}}}]'
rule='"ruleId": "access-unexplained", "ruleIndex": 0'
while IFS='|' read -r name result; do
    sed "s|RESULTS|{$rule, \"message\": {\"text\": \"$name\"}, $location$result}|" audit.sarif > try.sarif
    code=0
    venv/bin/sarif --check error summary try.sarif >/dev/null 2>&1 || code=$?
    node node_modules/.bin/sarif-junit -i try.sarif -o try.xml >/dev/null
    echo "$name|sarif exits $code|$(grep -o 'tests="1" failures="[01]"' try.xml | tail -1)"
done > answers <<'END'
level of the result|, "level": "error"
level of the rule|
a pass|, "kind": "pass", "level": "none"
gone since the baseline|, "level": "error", "baselineState": "absent"
END
echo "sarif-tools 3.0.5, sarif-junit 1.1.4 on node $(node --version); one result each"
tee output < answers
cat > expected <<'END'
level of the result|sarif exits 1|tests="1" failures="1"
level of the rule|sarif exits 1|tests="1" failures="0"
a pass|sarif exits 0|tests="1" failures="0"
gone since the baseline|sarif exits 1|tests="1" failures="1"
END
diff expected output && echo "The second result is an error of today, and the last one is none."
