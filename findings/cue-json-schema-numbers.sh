#!/bin/sh
# CUE, given a JSON Schema, refuses 1.0 where the schema wants an integer or the number 1, and calls 210 and 210.0 unique.
#
# In JSON Schema 2020-12 a number is its value (§4.2.2): 1.0 is equal to 1, any number without a fraction is an integer
# (Validation §6.1.1), and two equal items are not unique (§6.4.3). Exports write numbers both ways.
# CUE has two types of number, so `cue vet` refuses three valid documents and accepts an invalid one; `jsonschema` for
# Python checks the same ones as the standard has it. Takes Go and python3; works in a folder of its own and removes it.
# Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install cuelang.org/go/cmd/cue@v0.17.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonschema==4.26.0
cat > schema.json <<'END'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {
  "years": {"type": "integer"}, "version": {"const": 1}, "level": {"enum": [1, 2]},
  "schools": {"type": "array", "uniqueItems": true}}}
END
cat > try.py <<'END'
import json
import subprocess

import jsonschema

schema = json.load(open("schema.json"))
for text in ('{"years": 2.0}', '{"years": 2.5}', '{"version": 1.0}', '{"level": 2.0}',
             '{"schools": [210, 210.0]}', '{"schools": [210, 210]}'):
    with open("data.json", "w") as file:
        file.write(text)
    vet = subprocess.run(["./cue", "vet", "schema.json", "data.json"], capture_output=True)
    standard = jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
    words = {True: "valid", False: "invalid"}
    print(f"{text:27} cue: {words[vet.returncode == 0]:8} jsonschema: {words[standard]}")
END
echo "$(./cue version | head -n 1); jsonschema 4.26.0"
venv/bin/python try.py | tee output
cat > expected <<'END'
{"years": 2.0}              cue: invalid  jsonschema: valid
{"years": 2.5}              cue: invalid  jsonschema: invalid
{"version": 1.0}            cue: invalid  jsonschema: valid
{"level": 2.0}              cue: invalid  jsonschema: valid
{"schools": [210, 210.0]}   cue: valid    jsonschema: invalid
{"schools": [210, 210]}     cue: invalid  jsonschema: invalid
END
diff expected output && echo "CUE compares the numbers of a JSON Schema by how they are written."
