#!/bin/sh
# jq reads the offset of a moment and forgets it, and takes a week of ISO 8601 for one of 1899; gojq heeds both.
#
# jq's strptime reads a text by a format of C, in which %z is an offset from UTC and %G, %V and %u are a week's year,
# number and day; mktime takes the result for UTC. In jq 11:30 p.m. in Denver is 11:30 p.m. in UTC, so two texts of one
# moment are six hours apart, and the later of two moments comes first. No error is reported, as the offset has been
# read. gojq, which implements jq's language, moves the time to UTC. A change of the evening is older than the last run.
# Takes Go and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/itchyny/gojq/cmd/gojq@v0.12.19
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jq==1.13.0
cat > filters <<'END'
"2026-06-30T23:30:00-0600" | strptime("%Y-%m-%dT%H:%M:%S%z") | mktime | todate
"2026-07-01T05:30:00+0000" | strptime("%Y-%m-%dT%H:%M:%S%z") | mktime | todate
["2026-06-30T23:30:00-0600", "2026-07-01T01:00:00+0000"] | max_by(strptime("%Y-%m-%dT%H:%M:%S%z") | mktime)
"2026-W27-1" | strptime("%G-W%V-%u") | mktime | todate
"2026-06-29" | strptime("%Y-%m-%d") | mktime | todate
END
cat > try.py <<'END'
import jq

for line in open("filters"):
    print(jq.compile(line).input_value(None).first())
END
venv/bin/python try.py > jq
while read -r filter; do ./gojq --null-input --raw-output "$filter"; done < filters > gojq.output
echo "jq 1.8.2, as the wheel jq 1.13.0; gojq 0.12.19"
{ echo "filter"; echo "jq; gojq"; paste -d ';' jq gojq.output | sed 's/;/; /' | paste -d '\n' filters -; } | tee output
cat > expected <<'END'
filter
jq; gojq
"2026-06-30T23:30:00-0600" | strptime("%Y-%m-%dT%H:%M:%S%z") | mktime | todate
2026-06-30T23:30:00Z; 2026-07-01T05:30:00Z
"2026-07-01T05:30:00+0000" | strptime("%Y-%m-%dT%H:%M:%S%z") | mktime | todate
2026-07-01T05:30:00Z; 2026-07-01T05:30:00Z
["2026-06-30T23:30:00-0600", "2026-07-01T01:00:00+0000"] | max_by(strptime("%Y-%m-%dT%H:%M:%S%z") | mktime)
2026-07-01T01:00:00+0000; 2026-06-30T23:30:00-0600
"2026-W27-1" | strptime("%G-W%V-%u") | mktime | todate
1899-12-31T00:00:00Z; 2026-06-29T00:00:00Z
"2026-06-29" | strptime("%Y-%m-%d") | mktime | todate
2026-06-29T00:00:00Z; 2026-06-29T00:00:00Z
END
diff expected output && echo "The first two are one moment."
