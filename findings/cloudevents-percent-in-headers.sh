#!/bin/sh
# CloudEvents' SDK for JavaScript neither writes nor reads the percent-encoding of HTTP headers that Python's SDK uses.
#
# The HTTP protocol binding 1.0.2 §3.1.3.2 requires spaces, quotes, percent signs and non-ASCII characters to be
# percent-encoded in the headers of binary mode, and decoded once. An event that Python sends about "Jo Ann" reaches
# JavaScript as "Jo%20Ann"; one that JavaScript sends about "7%20" reaches Python as "7 ". A join on the subject finds
# nobody. Takes python3, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0
npm install --silent --no-audit --no-fund --ignore-scripts cloudevents@10.0.0 >/dev/null
cat > try.py <<'END'
import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

if sys.argv[1] == "send":
    event = {"type": "org.example.granted", "source": "/access", "id": "1", "specversion": "1.0"}
    print(json.dumps([to_binary_event(CloudEvent({**event, "subject": one})).headers for one in sys.argv[2:]]))
else:
    events = (from_http_event(HTTPMessage(headers, b"")) for headers in json.load(sys.stdin))
    print("Python reads", json.dumps([event.get_subject() for event in events], ensure_ascii=False))
END
cat > try.mjs <<'END'
import fs from "fs";
import {CloudEvent, HTTP} from "cloudevents";
const [does, ...subjects] = process.argv.slice(2);
if (does === "send") {
    const event = {type: "org.example.granted", source: "/access", id: "1"};
    console.log(JSON.stringify(subjects.map((subject) => HTTP.binary(new CloudEvent({...event, subject})).headers)));
} else {
    const events = JSON.parse(fs.readFileSync(0)).map((headers) => HTTP.toEvent({headers, body: ""}));
    console.log("JavaScript reads", JSON.stringify(events.map(({subject}) => subject)));
}
END
echo "cloudevents 2.2.0 for Python; cloudevents 10.0.0 on node $(node --version)"
{
    for reader in "venv/bin/python try.py" "node try.mjs"; do
        echo "Python sends: $(venv/bin/python try.py send 1234 "Jo Ann" "50%" "7%20" | $reader read)"
        echo "JavaScript sends: $(node try.mjs send 1234 "Jo Ann" "50%" "7%20" | $reader read)"
    done
} | tee output
cat > expected <<'END'
Python sends: Python reads ["1234", "Jo Ann", "50%", "7%20"]
JavaScript sends: Python reads ["1234", "Jo Ann", "50%", "7 "]
Python sends: JavaScript reads ["1234","Jo%20Ann","50%25","7%2520"]
JavaScript sends: JavaScript reads ["1234","Jo Ann","50%","7%20"]
END
diff expected output && echo "Each reads what it sent itself; three of four subjects change from Python to JavaScript."
