#!/bin/sh
# @bufbuild/cel puts the last half of a millisecond of a day into the next day, and yet before it.
#
# CEL's timestamps have nanoseconds, and getDate, getMonth and getFullYear give the parts of the moment; cel-python and
# the Rust CEL of common-expression-language agree. @bufbuild/cel rounds to milliseconds first, so a certificate that
# ends at 23:59:59.999999 on June 30, as databases write the end of a day, ends in July by its month, and before July by
# `<`. Takes python3, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check common-expression-language==0.10.0 cel-python==0.5.0
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/cel@0.6.1 >/dev/null
cat > expressions <<'END'
timestamp("2026-06-30T23:59:59.9994Z").getDate()
timestamp("2026-06-30T23:59:59.9996Z").getDate()
timestamp("2026-06-30T23:59:59.999999Z").getMonth()
timestamp("2026-06-30T23:59:59.999999Z").getSeconds()
timestamp("2026-12-31T23:59:59.999999Z").getFullYear()
timestamp("2026-06-30T23:59:59.999999Z") < timestamp("2026-07-01T00:00:00Z")
END
cat > try.py <<'END'
import sys

import cel
import celpy


def python(expression):
    environment = celpy.Environment()
    return environment.program(environment.compile(expression)).evaluate({})


evaluate = {"rust": lambda expression: cel.evaluate(expression, {}), "python": python}[sys.argv[1]]
for expression in open("expressions"):
    print(str(evaluate(expression.strip())).lower())
END
cat > try.mjs <<'END'
import fs from "fs";
import {run} from "@bufbuild/cel";
for (const expression of fs.readFileSync("expressions", "utf8").trim().split("\n"))
    console.log(String(run(expression)));
END
venv/bin/python try.py python > python
venv/bin/python try.py rust > rust
node try.mjs > javascript
echo "cel-python 0.5.0; common-expression-language 0.10.0 (Rust); @bufbuild/cel 0.6.1 on node $(node --version)"
{ echo "expression|cel-python|Rust|@bufbuild/cel"; paste -d '|' expressions python rust javascript; } | tee output
cat > expected <<'END'
expression|cel-python|Rust|@bufbuild/cel
timestamp("2026-06-30T23:59:59.9994Z").getDate()|30|30|30
timestamp("2026-06-30T23:59:59.9996Z").getDate()|30|30|1
timestamp("2026-06-30T23:59:59.999999Z").getMonth()|5|5|6
timestamp("2026-06-30T23:59:59.999999Z").getSeconds()|59|59|0
timestamp("2026-12-31T23:59:59.999999Z").getFullYear()|2026|2026|2027
timestamp("2026-06-30T23:59:59.999999Z") < timestamp("2026-07-01T00:00:00Z")|true|true|true
END
diff expected output && echo "A moment before July should not be in July."
