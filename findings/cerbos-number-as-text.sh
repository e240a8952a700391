#!/bin/sh
# Cerbos finds the owner by an employee number of six digits, and not by one of seven.
#
# A policy compares text with a number of the request by string(number), and CEL writes the int 1234567 as "1234567".
# Cerbos takes every number of JSON for CEL's double, and a double of a million or more becomes "1.234567e+06": nothing
# matches, and tests with small numbers pass. For the same reason type(number) is never int and a rule on `number % 2`
# never holds. string(int(number)) works. Takes node and npm on x86-64 Linux; works in a folder of its own and removes
# it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @cerbos/cerbos-linux-x64@0.55.0 >/dev/null
mkdir policies
cat > policies/record.yaml <<'END'
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: record
  version: default
  rules:
    - {actions: [text], effect: EFFECT_ALLOW, roles: [employee],
       condition: {match: {expr: R.attr.owner == string(P.attr.number)}}}
    - {actions: [text-of-int], effect: EFFECT_ALLOW, roles: [employee],
       condition: {match: {expr: R.attr.owner == string(int(P.attr.number))}}}
    - {actions: [type], effect: EFFECT_ALLOW, roles: [employee],
       condition: {match: {expr: type(P.attr.number) == int}}}
    - {actions: [odd], effect: EFFECT_ALLOW, roles: [employee],
       condition: {match: {expr: P.attr.number % 2 == 1}}}
END
cat > policies/record_test.yaml <<'END'
name: Numbers
principals:
  six: {id: six, roles: [employee], attr: {number: 123457}}
  seven: {id: seven, roles: [employee], attr: {number: 1234567}}
resources:
  six: {kind: record, id: six, attr: {owner: "123457"}}
  seven: {kind: record, id: seven, attr: {owner: "1234567"}}
tests:
  - &test
    name: "123457"
    input: {principals: [six], resources: [six], actions: &actions [text, text-of-int, type, odd]}
    expected:
      - {principal: six, resource: six, actions: &all {text: EFFECT_ALLOW, text-of-int: EFFECT_ALLOW,
         type: EFFECT_ALLOW, odd: EFFECT_ALLOW}}
  - name: "1234567"
    input: {principals: [seven], resources: [seven], actions: *actions}
    expected: [{principal: seven, resource: seven, actions: *all}]
END
cerbos=node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64
CERBOS_NO_TELEMETRY=1 "$cerbos" compile --output json policies > report.json 2>/dev/null || true
cat > try.cjs <<'END'
const [suite] = JSON.parse(require("fs").readFileSync("report.json", "utf8")).suites;
for (const test of suite.testCases)
    for (const {name, details} of test.principals[0].resources[0].actions) {
        const effect = details.success?.effect ?? details.failure.actual;
        console.log(`${test.name} ${name}: ${effect.slice("EFFECT_".length).toLowerCase()}`);
    }
END
echo "Cerbos $("$cerbos" --version | head -1)"
node try.cjs | tee output
cat > expected <<'END'
123457 text: allow
123457 text-of-int: allow
123457 type: deny
123457 odd: deny
1234567 text: deny
1234567 text-of-int: allow
1234567 type: deny
1234567 odd: deny
END
diff expected output && echo "A number should be found as text whatever its length; both are odd."
