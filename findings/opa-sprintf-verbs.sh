#!/bin/sh
# OPA's sprintf writes a marker of Go's instead of hours that happen to be whole, and of any Boolean.
#
# Rego has one type of number, and 2 equals 2.0; the reference has sprintf format the values with "formatting verbs",
# and the verbs are those of Go's package fmt, where %f is for numbers with a fraction and %t for Booleans. A message
# with %.1f reads well for 1.5 and 2.0 hours, and says `%!f(int64=2)` for 2, also where 2 is a sum of 1.5 and 0.5. %t
# never works, as OPA gives Go the text "true". No error is reported; the decision is made with a spoiled message. OPA
# for WebAssembly writes all of them. Takes Go, node, npm and the pinned OPA module; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
npm install --silent --no-audit --no-fund --ignore-scripts @open-policy-agent/opa-wasm@1.10.0 >/dev/null
cat > rule.rego <<'REGO'
package example

same if input.whole == input.fraction

text := [
	sprintf("%.1f hours", [1.5]),
	sprintf("%.1f hours", [input.fraction]),
	sprintf("%.1f hours", [input.whole]),
	sprintf("%.1f hours", [sum([1.5, 0.5])]),
	sprintf("verified: %t", [input.verified]),
]
REGO
./opa check --strict rule.rego
echo '{"fraction": 2.0, "verified": true, "whole": 2}' > input.json
./opa build -t wasm -e example rule.rego
tar -xzf bundle.tar.gz /policy.wasm 2>/dev/null
cat > try.cjs <<'END'
const fs = require("fs");
const {loadPolicy} = require("@open-policy-agent/opa-wasm");
loadPolicy(fs.readFileSync("policy.wasm")).then((policy) => {
    const {result} = policy.evaluate(JSON.parse(fs.readFileSync("input.json", "utf8")))[0];
    console.log("2 == 2.0:", result.same);
    for (const line of result.text) console.log(line);
});
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); npm opa-wasm 1.10.0 on node $(node --version)"
{
    echo "OPA"
    echo "2 == 2.0: $(./opa eval --format raw -d rule.rego -i input.json data.example.same)"
    ./opa eval --format json -d rule.rego -i input.json data.example.text |
        node -e 'for (const line of JSON.parse(fs.readFileSync(0)).result[0].expressions[0].value) console.log(line)'
    echo "OPA for WebAssembly"
    node try.cjs
} | tee output
cat > expected <<'END'
OPA
2 == 2.0: true
1.5 hours
2.0 hours
%!f(int64=2) hours
%!f(int64=2) hours
verified: %!t(string=true)
OPA for WebAssembly
2 == 2.0: true
1.5 hours
2.0 hours
2.0 hours
2.0 hours
verified: true
END
diff expected output && echo "Equal numbers should read alike, and a Boolean should be written with its verb."
