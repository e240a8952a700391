#!/bin/sh
# The npm package of OPA for WebAssembly gives the separators too, where regex.split has a group in its pattern.
#
# OPA's reference says that regex.split splits the string by the pattern; `opa eval` gives the parts alone, with or
# without a group. The package leaves the function to JavaScript's split, which inserts what a group matched. Roles
# in one field, split by "(,|;) *", include the role ",", and one policy gives two sets. Takes Go, node, npm and the
# pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
npm install --silent --no-audit --no-fund --ignore-scripts @open-policy-agent/opa-wasm@1.10.0 >/dev/null
cat > rule.rego <<'REGO'
package example

roles["no group"] := regex.split("[,;] *", input.roles)

roles["group"] := regex.split("(,|;) *", input.roles)

roles["optional group"] := regex.split(",( and)? *", input.roles)
REGO
./opa build --target wasm --entrypoint example/roles rule.rego
tar -xzf bundle.tar.gz /policy.wasm 2>/dev/null
echo '{"roles": "Teacher, Coach;Principal"}' > input.json
cat > try.mjs <<'END'
import fs from "fs";
import wasm from "@open-policy-agent/opa-wasm";
const policy = await wasm.loadPolicy(fs.readFileSync("policy.wasm"));
const roles = policy.evaluate(JSON.parse(fs.readFileSync("input.json", "utf8")))[0].result;
for (const name of ["no group", "group", "optional group"]) console.log("opa-wasm", name, JSON.stringify(roles[name]));
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "@open-policy-agent/opa-wasm 1.10.0 on node $(node --version)"
{
    for name in "no group" group "optional group"; do
        echo "opa $name $(./opa eval --data rule.rego --input input.json --format raw "data.example.roles[\"$name\"]")"
    done
    node try.mjs
} | tee output
cat > expected <<'END'
opa no group ["Teacher","Coach","Principal"]
opa group ["Teacher","Coach","Principal"]
opa optional group ["Teacher","Coach;Principal"]
opa-wasm no group ["Teacher","Coach","Principal"]
opa-wasm group ["Teacher",",","Coach",";","Principal"]
opa-wasm optional group ["Teacher",null,"Coach;Principal"]
END
diff expected output && echo "The separators should not be among the parts."
