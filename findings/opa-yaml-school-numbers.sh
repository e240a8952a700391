#!/bin/sh
# OPA reads the school numbers 0210 and 0280 of one YAML list in two ways: as 136 and as 280.
#
# YAML 1.2.2 §10.3.2 (core schema) has an integer of decimal digits, with zeros in front or not, and writes octal as
# 0o210. YAML 1.1 has 0210 for 136 and no integer 0280. OPA takes the first by 1.1 and the second by 1.2, so the first
# can be the number of another school. One file is three policies: Regorus keeps both as text, the npm package of OPA
# for WebAssembly reads both in decimal. Takes Go, node, npm, python3 and the pinned OPA module; works in a folder of
# its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
npm install --silent --no-audit --no-fund --ignore-scripts @open-policy-agent/opa-wasm@1.10.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
mkdir data
echo 'schools: [210, 0210, 0280, 136]' > data/data.yaml
cat > rule.rego <<'REGO'
package example

schools := yaml.unmarshal("schools: [210, 0210, 0280, 136]").schools
REGO
./opa build --target wasm --entrypoint example/schools rule.rego
tar -xzf bundle.tar.gz /policy.wasm 2>/dev/null
cat > try.mjs <<'END'
import fs from "fs";
import wasm from "@open-policy-agent/opa-wasm";
const policy = await wasm.loadPolicy(fs.readFileSync("policy.wasm"));
console.log("opa-wasm, yaml.unmarshal: ", JSON.stringify(policy.evaluate({})[0].result));
END
cat > try.py <<'END'
import json

import regorus

engine = regorus.Engine()
engine.add_policy_from_file("rule.rego")
print("Regorus, yaml.unmarshal:  ", json.dumps(engine.eval_rule("data.example.schools"), separators=(",", ":")))
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'); Regorus 0.9.1, as the wheel celine-regorus;"
echo "@open-policy-agent/opa-wasm 1.10.0 on node $(node --version)"
{
    echo "OPA, data.yaml:            $(./opa eval --data data --format raw data.schools)"
    echo "OPA, yaml.unmarshal:       $(./opa eval --data rule.rego --format raw data.example.schools)"
    venv/bin/python try.py
    node try.mjs
} | tee output
cat > expected <<'END'
OPA, data.yaml:            [210,136,280,136]
OPA, yaml.unmarshal:       [210,136,280,136]
Regorus, yaml.unmarshal:   [210.0,"0210","0280",136.0]
opa-wasm, yaml.unmarshal:  [210,210,280,136]
END
diff expected output && echo "OPA reads one number of the list in octal and the next in decimal."
