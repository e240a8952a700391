#!/bin/sh
# @bufbuild/cel finds no key in a map when the key's value is null; cel-python finds it.
#
# CEL's language definition has `has(e.f)` true of a map when f is one of its keys, and `in` tests for a key, whatever
# the value. A rule that distinguishes a known null from a missing fact gets two answers. @bufbuild/cel counts the key
# in `size` and visits it in `exists`. Takes python3, node and npm; works in a folder of its own and removes it. Exits
# 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/cel@0.6.1 >/dev/null
cat > expressions <<'END'
has({"end": "2026-06-30"}.end)
has({"end": null}.end)
"end" in {"end": null}
{"end": null}.exists(key, key == "end")
size({"end": null}) == 1
has({"start": null}.end)
END
cat > try.py <<'END'
import celpy

environment = celpy.Environment()
for expression in open("expressions"):
    print("true" if environment.program(environment.compile(expression)).evaluate({}) else "false")
END
cat > try.mjs <<'END'
import fs from "fs";
import {run} from "@bufbuild/cel";
for (const expression of fs.readFileSync("expressions", "utf8").trim().split("\n")) console.log(run(expression));
END
venv/bin/python try.py > python
node try.mjs > javascript
echo "cel-python 0.5.0; @bufbuild/cel 0.6.1 on node $(node --version)"
paste -d '|' expressions python javascript | tee output
cat > expected <<'END'
has({"end": "2026-06-30"}.end)|true|true
has({"end": null}.end)|true|false
"end" in {"end": null}|true|false
{"end": null}.exists(key, key == "end")|true|true
size({"end": null}) == 1|true|true
has({"start": null}.end)|false|false
END
diff expected output && echo "has({\"end\": null}.end) should be true."
