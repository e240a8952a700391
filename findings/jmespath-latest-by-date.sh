#!/bin/sh
# Both JMESPath libraries for JavaScript give null for max_by and min_by over strings, and so for the latest date.
#
# By the JMESPath specification max_by takes an expression that gives numbers or strings. jmespath.py follows it; in
# jmespath and @jmespath-community/jmespath for JavaScript sort_by finds the date that max_by does not, and null looks
# like no certificate. Takes python3, node and npm; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jmespath==1.1.0
npm install --silent --no-audit --no-fund --ignore-scripts jmespath@0.16.0 @jmespath-community/jmespath@1.3.0 >/dev/null
cat > try.json <<'END'
{
    "data": {"c": [{"on": "2023-08-10", "n": 1}, {"on": "2026-03-02", "n": 3}, {"on": "2025-01-15", "n": 2}]},
    "expressions": ["max_by(c, &n).on", "max_by(c, &on).on", "min_by(c, &on).on", "sort_by(c, &on)[-1].on"]
}
END
cat > try.py <<'END'
import json

import jmespath

given = json.load(open("try.json"))
for expression in given["expressions"]:
    print(json.dumps(jmespath.search(expression, given["data"])))
END
cat > try.mjs <<'END'
import fs from "fs";

const {search} = await import(process.argv[2]);
const given = JSON.parse(fs.readFileSync("try.json"));
for (const expression of given.expressions) console.log(JSON.stringify(search(given.data, expression)));
END
python3 -c 'import json; print(*json.load(open("try.json"))["expressions"], sep="\n")' > expressions
venv/bin/python try.py > python
node try.mjs jmespath > javascript
node try.mjs @jmespath-community/jmespath > community
echo "jmespath.py 1.1.0; on node $(node --version) jmespath 0.16.0 and @jmespath-community/jmespath 1.3.0"
paste -d '|' expressions python javascript community | tee output
cat > expected <<'END'
max_by(c, &n).on|"2026-03-02"|"2026-03-02"|"2026-03-02"
max_by(c, &on).on|"2026-03-02"|null|null
min_by(c, &on).on|"2023-08-10"|null|null
sort_by(c, &on)[-1].on|"2026-03-02"|"2026-03-02"|"2026-03-02"
END
diff expected output && echo "Two of the three libraries find no latest certificate."
