#!/bin/sh
# CUE refuses a list that is shorter than the prefixItems of its JSON Schema.
#
# By JSON Schema 2020-12 (Core §10.3.1.1) prefixItems speaks of the items that are there: an empty list and one that ends
# early are valid, and `minItems` demands more. CUE makes a list of that many elements of it, so a record with an
# optional last part, such as role, location and sometimes a first day, is refused. The same schema lets CUE take a
# list that is longer. `jsonschema` for Python and ajv for JavaScript accept all four. Takes Go, node, npm and python3;
# works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install cuelang.org/go/cmd/cue@v0.17.1
npm install --silent --no-audit --no-fund --ignore-scripts ajv@8.17.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonschema==4.26.0
cat > schema.json <<'END'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {
  "job": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}, {"type": "string"}]}}}
END
cat > try.mjs <<'END'
import fs from "fs";
import Ajv from "ajv/dist/2020.js";
const check = new Ajv.default({ strict: false }).compile(JSON.parse(fs.readFileSync("schema.json")));
console.log(check(JSON.parse(fs.readFileSync("data.json"))) ? "valid" : "invalid");
END
cat > try.py <<'END'
import json
import subprocess

import jsonschema

schema = json.load(open("schema.json"))
for job in ([], ["Teacher", "210"], ["Teacher", "210", "2026-08-10"], ["Teacher", "210", "2026-08-10", "part-time"]):
    with open("data.json", "w") as file:
        json.dump({"job": job}, file)
    vet = subprocess.run(["./cue", "vet", "schema.json", "data.json"], capture_output=True, text=True)
    ajv = subprocess.run(["node", "try.mjs"], capture_output=True, text=True, check=True).stdout.strip()
    standard = "valid" if jsonschema.Draft202012Validator(schema).is_valid({"job": job}) else "invalid"
    said = "valid" if vet.returncode == 0 else vet.stderr.splitlines()[0].rstrip(":")
    print(f"{len(job)} items: jsonschema {standard}; ajv {ajv}; cue {said}")
END
echo "$(./cue version | head -n 1); jsonschema 4.26.0; ajv 8.17.1 on node $(node --version)"
venv/bin/python try.py | tee output
cat > expected <<'END'
0 items: jsonschema valid; ajv valid; cue job: incompatible list lengths (0 and 3)
2 items: jsonschema valid; ajv valid; cue job: incompatible list lengths (2 and 3)
3 items: jsonschema valid; ajv valid; cue valid
4 items: jsonschema valid; ajv valid; cue valid
END
diff expected output && echo "CUE demands every item that prefixItems describes."
