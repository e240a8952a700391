#!/bin/sh
# jsonata-python has 1 for 5.5 % 2, and rounds a half up where $formatNumber rounds it to the even digit.
#
# JSONata's `%` gives the remainder of any two numbers, 1.5 here; $formatNumber is defined by XPath's format-number,
# which rounds halves to even (XPath and XQuery Functions 3.1 §4.7.5), as $round does. The library says that it supports
# all features of the language; JavaScript's jsonata is the reference. Two services with one mapping write other hours
# of training. Takes node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts jsonata@2.2.2 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonata-python==0.7.1
cat > expressions <<'END'
11 % 4
5.5 % 2
0.5 % 1
7 % 2.5
$round(2.5)
$formatNumber(2.5, "0")
$formatNumber(3.5, "0")
$formatNumber(0.125, "0.00")
END
cat > try.mjs <<'END'
import fs from "fs";
import jsonata from "jsonata";
for (const text of fs.readFileSync("expressions", "utf8").trim().split("\n")) {
    console.log(JSON.stringify(await jsonata(text).evaluate(null)));
}
END
cat > try.py <<'END'
import json

import jsonata

for text in open("expressions"):
    print(json.dumps(jsonata.Jsonata(text.strip()).evaluate(None)))
END
node try.mjs > javascript
venv/bin/python try.py > python
echo "jsonata 2.2.2 on node $(node --version); jsonata-python 0.7.1"
{ echo "expression|JavaScript|Python"; paste -d '|' expressions javascript python; } | tee output
cat > expected <<'END'
expression|JavaScript|Python
11 % 4|3|3
5.5 % 2|1.5|1
0.5 % 1|0.5|0
7 % 2.5|2|2
$round(2.5)|2|2
$formatNumber(2.5, "0")|"2"|"3"
$formatNumber(3.5, "0")|"4"|"4"
$formatNumber(0.125, "0.00")|"0.12"|"0.13"
END
diff expected output && echo "The answers of JavaScript are those of the documentation."
