#!/bin/sh
# OPA's json.match_schema accepts a schema of JSON Schema 2020-12 and ignores keywords that are newer than draft 7.
#
# A validator that does not know a required vocabulary must refuse the schema (JSON Schema 2020-12 Core §8.1.2); OPA's
# json.verify_schema calls it valid. jsonschema, which knows 2020-12, refuses each document. An assertion beside $ref
# counts since 2019-09 (Core §8.2.3.1). Takes Go, python3 and the pinned OPA module; works in a folder of its own and
# removes it. The first schema is the control. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonschema==4.26.0
cat > try.py <<'END'
import json
import subprocess

import jsonschema

person = {"role": "Teacher", "place": {"id": "210"}, "end": "2026-06-30"}
place = {"place": {"$ref": "#/$defs/place", "required": ["name"]}}
keywords = {
    "required": {"required": ["name"]},
    "unevaluatedProperties": {"properties": {"role": {}, "place": {}}, "unevaluatedProperties": False},
    "dependentRequired": {"dependentRequired": {"end": ["start"]}},
    "required beside $ref": {"properties": place, "$defs": {"place": {"type": "object"}}},
}


def opa(query, value):
    command = ["./opa", "eval", "--format", "raw", "--stdin-input", query]
    return json.loads(subprocess.check_output(command, input=json.dumps(value), text=True))


for name, keyword in keywords.items():
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **keyword}
    valid = opa("json.verify_schema(input)", schema)[0]
    match = opa("json.match_schema(input[0], input[1])", [person, schema])[0]
    known = jsonschema.Draft202012Validator(schema).is_valid(person)
    print(f"{name}: OPA: schema valid {valid}, document matches {match}; jsonschema: matches {known}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p'), jsonschema 4.26.0"
venv/bin/python try.py | tee output
cat > expected <<'END'
required: OPA: schema valid True, document matches False; jsonschema: matches False
unevaluatedProperties: OPA: schema valid True, document matches True; jsonschema: matches False
dependentRequired: OPA: schema valid True, document matches True; jsonschema: matches False
required beside $ref: OPA: schema valid True, document matches True; jsonschema: matches False
END
diff expected output && echo "OPA passes a document that three of the four schemas forbid."
