#!/bin/sh
# CloudEvents' SDK for Python writes a Boolean extension as `True` in an HTTP header; the specification has `true`.
#
# By CloudEvents 1.0.2, Type System, a Boolean's text is `true` or `false`, and case counts. The SDK for JavaScript
# reads the header as the text "True", so a receiver that tests for "true" finds a grant that is not verified. Takes
# python3, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0
npm install --silent --no-audit --no-fund --ignore-scripts cloudevents@10.0.0 >/dev/null
cat > send.py <<'END'
import json

from cloudevents.core.bindings.http import to_binary_event
from cloudevents.core.v1.event import CloudEvent

event = {"type": "org.example.granted", "source": "/access", "id": "1", "specversion": "1.0"}
for verified in (True, False):
    print(json.dumps(to_binary_event(CloudEvent({**event, "verified": verified, "count": 2})).headers))
END
cat > try.mjs <<'END'
import fs from "fs";
import {CloudEvent, HTTP} from "cloudevents";
for (const line of fs.readFileSync(0, "utf8").trim().split("\n")) {
    const headers = JSON.parse(line);
    const {verified, count} = HTTP.toEvent({headers, body: ""});
    console.log(`Python to JavaScript: verified ${JSON.stringify(verified)}, count ${JSON.stringify(count)}`);
}
const event = new CloudEvent({type: "org.example.granted", source: "/access", id: "1", verified: true, count: 2});
const headers = new Headers(HTTP.binary(event).headers);
console.log(`from JavaScript: ce-verified: ${headers.get("ce-verified")}, ce-count: ${headers.get("ce-count")}`);
END
echo "cloudevents 2.2.0 for Python; cloudevents 10.0.0 on node $(node --version)"
venv/bin/python send.py | node try.mjs | tee output
cat > expected <<'END'
Python to JavaScript: verified "True", count "2"
Python to JavaScript: verified "False", count "2"
from JavaScript: ce-verified: true, ce-count: 2
END
diff expected output && echo "Python should write true and false."
