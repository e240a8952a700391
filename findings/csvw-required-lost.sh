#!/bin/sh
# csvw for Python turns a required column of a Table Schema into one that may be empty.
#
# Table Schema has `required` among a field's constraints, and CSV on the Web has `required` as a column's property
# (Metadata Vocabulary for Tabular Data §5.7), so the two agree. csvw's converter puts it into the column's data type,
# where the vocabulary has none, and it is gone from what is written; a minimum, a pattern and the primary key stay.
# The file without the last day is an error in frictionless and valid by the converted description; with the property
# in its place csvw refuses the file too. Takes python3; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvw==4.1.1 frictionless==5.21.0
printf 'id,last\n7,\n' > posts.csv
cat > datapackage.json <<'END'
{"name": "posts", "resources": [{"name": "posts", "path": "posts.csv", "scheme": "file", "format": "csv",
    "schema": {"fields": [
        {"name": "id", "type": "string", "constraints": {"required": true, "pattern": "[0-9]+"}},
        {"name": "last", "type": "date", "constraints": {"required": true, "minimum": "2026-01-01"}}
    ], "primaryKey": "id"}}]}
END
cat > try.py <<'END'
import json
import pathlib

from csvw import CSVW, TableGroup
from frictionless import validate


def valid():
    try:
        return CSVW("metadata.json", validate=True).is_valid
    except ValueError:
        return False


print("frictionless, by the Table Schema:", validate("datapackage.json").valid)
TableGroup.from_frictionless_datapackage(pathlib.Path("datapackage.json")).to_file("metadata.json")
metadata = json.loads(pathlib.Path("metadata.json").read_text())
for column in metadata["tables"][0]["tableSchema"]["columns"]:
    print(json.dumps(column, sort_keys=True))
print("csvw, by what it has converted:", valid())
metadata["tables"][0]["tableSchema"]["columns"][1]["required"] = True
pathlib.Path("metadata.json").write_text(json.dumps(metadata))
print("csvw, with required at the column:", valid())
END
echo "csvw 4.1.1, frictionless 5.21.0"
venv/bin/python try.py 2>/dev/null | tee output
cat > expected <<'END'
frictionless, by the Table Schema: False
{"datatype": {"base": "string", "format": "[0-9]+"}, "name": "id"}
{"datatype": {"base": "date", "minimum": "2026-01-01"}, "name": "last"}
csvw, by what it has converted: True
csvw, with required at the column: False
END
diff expected output && echo "A column that must have a value should be one in both descriptions."
