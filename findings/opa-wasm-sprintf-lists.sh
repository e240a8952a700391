#!/bin/sh
# The npm package of OPA for WebAssembly writes "[object Object]" for an object in sprintf, and a list without brackets.
#
# OPA writes a value that is neither text nor a number as Rego does: `["K-5", 7]` for %v. The package leaves sprintf to
# JavaScript's sprintf-js, so a list of one role reads like the role alone and all objects read alike. The reasons of
# two people are then one entry in a set of messages, and one of them is lost. Takes Go, node, npm and the pinned OPA
# module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
npm install --silent --no-audit --no-fund --ignore-scripts @open-policy-agent/opa-wasm@1.10.0 >/dev/null
cat > rule.rego <<'REGO'
package example

values := ["Teacher", ["Teacher"], ["K-5", 7], {"K-5", "6-8"}]

text := [sprintf("%v", [value]) | some value in values]

messages contains sprintf("refused: %v", [person]) if some person in [{"id": "7"}, {"id": "8"}]
REGO
./opa check --strict rule.rego
./opa build -t wasm -e example rule.rego
tar -xzf bundle.tar.gz /policy.wasm 2>/dev/null
cat > try.cjs <<'END'
const fs = require("fs");
const {loadPolicy} = require("@open-policy-agent/opa-wasm");
loadPolicy(fs.readFileSync("policy.wasm")).then((policy) => {
    const opa = JSON.parse(fs.readFileSync("opa.json", "utf8")).result[0].expressions[0].value;
    const wasm = policy.evaluate({})[0].result;
    for (const [name, result] of Object.entries({OPA: opa, WebAssembly: wasm}))
        for (const line of [...result.text, ...result.messages]) console.log(`${name}: ${line}`);
});
END
./opa eval -d rule.rego data.example > opa.json
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); npm opa-wasm 1.10.0 on node $(node --version)"
node try.cjs | tee output
cat > expected <<'END'
OPA: Teacher
OPA: ["Teacher"]
OPA: ["K-5", 7]
OPA: {"6-8", "K-5"}
OPA: refused: {"id": "7"}
OPA: refused: {"id": "8"}
WebAssembly: Teacher
WebAssembly: Teacher
WebAssembly: K-5,7
WebAssembly: 6-8,K-5
WebAssembly: refused: [object Object]
END
diff expected output && echo "One policy should give one set of messages."
