#!/bin/sh
# Two JSONPath libraries for JavaScript that follow RFC 9535 compare null wrongly, each in its own way.
#
# By §2.3.5.2.2 a null is a value and equals null alone, an absent member is Nothing and equals Nothing alone, and `<=`
# holds where `==` does. jsonpath-rfc9535 takes a null that a query finds for Nothing: the person with the same end as
# the second is then the one without an end. In jsonpathly null is not `<=` null. jsonpath-rfc9535 for Python agrees
# with the RFC. Takes node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts jsonpath-rfc9535@1.3.0 jsonpathly@3.0.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonpath-rfc9535==1.0.1
cat > people.json <<'END'
[{"name": "Jo", "end": "2027-06-30"}, {"name": "Al", "end": null}, {"name": "Ann"}]
END
cat > queries <<'END'
$[?@.end == null].name
$[?@.end == $[1].end].name
$[?@.end == $[2].end].name
$[?@.end != $[1].end].name
$[?@.end <= null].name
$[?@.end >= $[1].end].name
END
cat > try.mjs <<'END'
import fs from "fs";
import * as rfc9535 from "jsonpath-rfc9535";
import * as jsonpathly from "jsonpathly";
const people = JSON.parse(fs.readFileSync("people.json", "utf8"));
const find = {
    rfc9535: (query) => rfc9535.query(people, query),
    jsonpathly: (query) => jsonpathly.query(people, query, {returnArray: true}),
}[process.argv[2]];
for (const query of fs.readFileSync("queries", "utf8").trim().split("\n")) console.log(find(query).join(" ") || "-");
END
cat > try.py <<'END'
import json

import jsonpath_rfc9535

people = json.load(open("people.json"))
for query in open("queries"):
    print(*(jsonpath_rfc9535.find(query.strip(), people).values() or "-"))
END
node try.mjs rfc9535 > rfc9535
node try.mjs jsonpathly > jsonpathly
venv/bin/python try.py > python
echo "jsonpath-rfc9535 1.3.0 and jsonpathly 3.0.0 on node $(node --version); jsonpath-rfc9535 1.0.1 for Python"
{ echo "query|jsonpath-rfc9535|jsonpathly|Python"; paste -d '|' queries rfc9535 jsonpathly python; } | tee output
cat > expected <<'END'
query|jsonpath-rfc9535|jsonpathly|Python
$[?@.end == null].name|Al|Al|Al
$[?@.end == $[1].end].name|Ann|Al|Al
$[?@.end == $[2].end].name|Ann|Ann|Ann
$[?@.end != $[1].end].name|Jo Al|Jo Ann|Jo Ann
$[?@.end <= null].name|Al|-|Al
$[?@.end >= $[1].end].name|Ann|-|Al
END
diff expected output && echo "The answers of Python are those of the RFC."
