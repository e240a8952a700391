#!/bin/sh
# Posts of 0.7 and 0.1 make 0.8 of a post in OPA, and less than 0.8 in Regorus.
#
# Both read JSON's decimal numbers. OPA and its WebAssembly add these two to 0.8. Regorus adds them as binary fractions
# and gets 0.7999999999999999, as RFC 8259 §6 lets software do, so a rule for posts that make at least 0.8 together
# holds in one engine and not in the other, with one policy and one input. Takes Go, node, npm, python3 and the pinned
# OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
npm install --silent --no-audit --no-fund --ignore-scripts @open-policy-agent/opa-wasm@1.10.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

answer := {
	"0.1 + 0.2 == 0.3": 0.1 + 0.2 == 0.3,
	"at least 0.8": sum(input.posts) >= 0.8,
	"sum": sum(input.posts),
}
REGO
./opa check --strict rule.rego
./opa build -t wasm -e example/answer rule.rego
tar -xzf bundle.tar.gz /policy.wasm 2>/dev/null
echo '{"posts": [0.7, 0.1]}' > input.json
cat > try.cjs <<'END'
const fs = require("fs");
const {loadPolicy} = require("@open-policy-agent/opa-wasm");
loadPolicy(fs.readFileSync("policy.wasm")).then((policy) => {
    const {result} = policy.evaluate(JSON.parse(fs.readFileSync("input.json", "utf8")))[0];
    console.log(JSON.stringify(result, Object.keys(result).sort()));
});
END
cat > try.py <<'END'
import json

import regorus

engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
engine.set_input_json(open("input.json").read())
print(json.dumps(engine.eval_rule("data.example.answer"), sort_keys=True, separators=(",", ":")))
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); npm opa-wasm 1.10.0 on node $(node --version);" \
    "Regorus 0.9.1 of celine-regorus"
{
    echo "OPA: $(./opa eval --format raw -d rule.rego -i input.json data.example.answer)"
    echo "WebAssembly: $(node try.cjs)"
    echo "Regorus: $(venv/bin/python try.py)"
} | tee output
cat > expected <<'END'
OPA: {"0.1 + 0.2 == 0.3":true,"at least 0.8":true,"sum":0.8}
WebAssembly: {"0.1 + 0.2 == 0.3":true,"at least 0.8":true,"sum":0.8}
Regorus: {"0.1 + 0.2 == 0.3":false,"at least 0.8":false,"sum":0.7999999999999999}
END
diff expected output && echo "Two engines should give one sum."
