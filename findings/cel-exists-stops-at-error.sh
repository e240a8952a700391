#!/bin/sh
# Two implementations of CEL stop `exists` and `all` at the first entry without a field, where CEL looks at the others.
#
# By CEL's language definition `exists` joins the answers with `||` and `all` with `&&`, and one entry that is true (for
# `all`, false) decides, whatever errors the others give. So a person with one current certificate passes although
# another has no end; cel-python agrees. common-expression-language for Python (Rust) absorbs the error in a written
# `||` and not in `exists`; cel-js for JavaScript does in neither. Takes python3, node and npm; works in a folder of its
# own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check common-expression-language==0.10.0 cel-python==0.5.0
npm install --silent --no-audit --no-fund --ignore-scripts cel-js@0.8.2 >/dev/null
echo '{"certificates": [{"name": "A"}, {"name": "B", "end": "2027-06-30"}]}' > person.json
cat > expressions <<'END'
certificates.exists(c, has(c.end) && c.end > "2026-06-30")
certificates.exists(c, c.end > "2026-06-30")
certificates.all(c, c.end > "2028-06-30")
certificates[0].end > "2026-06-30" || certificates[1].end > "2026-06-30"
END
cat > try.py <<'END'
import json
import sys

import cel
import celpy


def python(expression, person):
    environment = celpy.Environment()
    return bool(environment.program(environment.compile(expression)).evaluate(celpy.json_to_cel(person)))


evaluate = {"rust": cel.evaluate, "python": python}[sys.argv[1]]
for expression in open("expressions"):
    try:
        print(str(evaluate(expression.strip(), json.load(open("person.json")))).lower())
    except KeyError:
        print("error")
END
cat > try.mjs <<'END'
import fs from "fs";
import {evaluate} from "cel-js";
const person = JSON.parse(fs.readFileSync("person.json", "utf8"));
for (const expression of fs.readFileSync("expressions", "utf8").trim().split("\n")) {
    try {
        console.log(evaluate(expression, person));
    } catch (error) {
        console.log("error");
    }
}
END
venv/bin/python try.py python > python
venv/bin/python try.py rust > rust
node try.mjs > javascript
echo "cel-python 0.5.0; common-expression-language 0.10.0 (Rust); cel-js 0.8.2 on node $(node --version)"
{ echo "expression|cel-python|Rust|cel-js"; paste -d '|' expressions python rust javascript; } | tee output
cat > expected <<'END'
expression|cel-python|Rust|cel-js
certificates.exists(c, has(c.end) && c.end > "2026-06-30")|true|true|true
certificates.exists(c, c.end > "2026-06-30")|true|error|error
certificates.all(c, c.end > "2028-06-30")|false|error|error
certificates[0].end > "2026-06-30" || certificates[1].end > "2026-06-30"|true|true|error
END
diff expected output && echo "One certificate decides, so none of these should be an error."
