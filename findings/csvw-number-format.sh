#!/bin/sh
# csvw for Python reads 1.234 as one and a bit where its description says that the point groups thousands.
#
# W3C's Model for Tabular Data, §6.4.2, has `decimalChar` and `groupChar` for all numeric types, and a percent sign
# that every reader must know. csvw heeds them for `decimal` and `integer`. For `number`, the type that its own
# converter makes of a Table Schema, and for `double` it ignores both: a text that Python's float reads is another
# number, and any other is invalid. frictionless reads the same file by the Table Schema as it is described. Takes
# python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvw==4.1.1 frictionless==5.21.0
cat > try.py <<'END'
import csvw
from frictionless import Schema
from csvw.frictionless import convert_column_spec

FORMAT = {"decimalChar": ",", "groupChar": "."}
converted = convert_column_spec({"name": "hours", "type": "number", **FORMAT})["datatype"]
print(f"csvw converts the field to {converted}")
field = Schema.from_descriptor({"fields": [{"name": "hours", "type": "number", **FORMAT}]}).fields[0]
for text in ("1.234", "1.234,5", "0,5"):
    print(f"{text}: frictionless {field.read_cell(text)[0]}", end="")
    for datatype in ({"base": "decimal", "format": FORMAT}, converted, {"base": "double", "format": FORMAT}):
        try:
            answer = csvw.Datatype.fromvalue(datatype).read(text)
        except ValueError:
            answer = "invalid"
        print(f", csvw {datatype['base']} {answer}", end="")
    print()
for base in ("decimal", "number"):
    try:
        print(f"50%: csvw {base} {csvw.Datatype.fromvalue({'base': base}).read('50%')}")
    except ValueError:
        print(f"50%: csvw {base} invalid")
END
echo "csvw 4.1.1, frictionless 5.21.0"
venv/bin/python try.py | tee output
cat > expected <<'END'
csvw converts the field to {'base': 'number', 'format': {'decimalChar': ',', 'groupChar': '.'}}
1.234: frictionless 1234, csvw decimal 1234, csvw number 1.234, csvw double 1.234
1.234,5: frictionless 1234.5, csvw decimal 1234.5, csvw number invalid, csvw double invalid
0,5: frictionless 0.5, csvw decimal 0.5, csvw number invalid, csvw double invalid
50%: csvw decimal 0.50
50%: csvw number invalid
END
diff expected output && echo "All types should read one number from one text."
