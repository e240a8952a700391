#!/bin/sh
# csvw for Python calls every file valid where Python's warnings are turned off.
#
# W3C's Model for Tabular Data §6.4 has an error for a cell that is no value of its column's type and for an empty one
# in a required column, and csvw's `is_valid` "performs CSVW validation". It does so by collecting its own warnings,
# so with `-W ignore`, PYTHONWARNINGS=ignore or a filter of the program, as jobs have that should be quiet, there are
# none, and each file is valid, a date of June 31 too. frictionless counts the faults whatever the filter says. Takes
# python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvw==4.1.1 frictionless==5.21.0
printf 'id,last\n7,2026-06-31\n8,\n' > posts.csv
cat > metadata.json <<'END'
{"@context": "http://www.w3.org/ns/csvw", "url": "posts.csv",
    "tableSchema": {"columns": [{"name": "id"}, {"name": "last", "datatype": "date", "required": true}]}}
END
cat > try.py <<'END'
from csvw import CSVW
from frictionless import Resource, Schema

fields = [{"name": "id", "type": "string"}, {"name": "last", "type": "date", "constraints": {"required": True}}]
report = Resource(path="posts.csv", schema=Schema.from_descriptor({"fields": fields})).validate()
print(f"csvw {CSVW('metadata.json', validate=True).is_valid}, frictionless {report.valid}")
END
echo "csvw 4.1.1, frictionless 5.21.0; is the file valid?"
for filter in default ignore; do
    echo "python -W $filter: $(venv/bin/python -W $filter try.py 2>/dev/null)"
done | tee output
cat > expected <<'END'
python -W default: csvw False, frictionless False
python -W ignore: csvw True, frictionless False
END
diff expected output && echo "The file should be invalid each time."
