#!/bin/sh
# fontoxpath has a June 31: it keeps the end of June 30, written as 24:00:00, in June.
#
# XML Schema has `24:00:00` for the end of a day, and the value is the first moment of the next one; XPath's functions
# take the year, month and day from the value. fontoxpath gives June 31, May 32, and 2026 for the first moment of 2027,
# and its text is no date that others read; it compares right, so `eq` and the parts disagree. elementpath follows the
# standard. An access that ends with June 30 ends on a day that does not exist. Takes node, npm and python3; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts fontoxpath@3.34.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check elementpath==5.1.4
cat > expressions <<'END'
xs:dateTime("2026-06-30T24:00:00") eq xs:dateTime("2026-07-01T00:00:00")
xs:dateTime("2026-06-30T24:00:00")
xs:date(xs:dateTime("2026-06-30T24:00:00"))
month-from-dateTime(xs:dateTime("2026-06-30T24:00:00"))
xs:dateTime("2026-05-31T24:00:00")
year-from-dateTime(xs:dateTime("2026-12-31T24:00:00"))
xs:dateTime("2026-06-30T23:00:00") + xs:dayTimeDuration("PT1H")
END
cat > try.mjs <<'END'
import fs from "fs";
import fontoxpath from "fontoxpath";
for (const expression of fs.readFileSync("expressions", "utf8").trim().split("\n"))
    console.log(fontoxpath.evaluateXPathToString(expression));
END
cat > try.py <<'END'
from xml.etree import ElementTree

import elementpath
from elementpath.xpath31 import XPath31Parser

nothing = ElementTree.Element("nothing")
for expression in open("expressions"):
    print(elementpath.select(nothing, f"string({expression})", parser=XPath31Parser))
END
node try.mjs > answers-javascript
venv/bin/python try.py > answers-python
echo "fontoxpath 3.34.0 on node $(node --version), elementpath 5.1.4"
{
    echo "expression|fontoxpath|elementpath"
    paste -d '|' expressions answers-javascript answers-python
} | tee output
cat > expected <<'END'
expression|fontoxpath|elementpath
xs:dateTime("2026-06-30T24:00:00") eq xs:dateTime("2026-07-01T00:00:00")|true|true
xs:dateTime("2026-06-30T24:00:00")|2026-06-31T00:00:00|2026-07-01T00:00:00
xs:date(xs:dateTime("2026-06-30T24:00:00"))|2026-06-31|2026-07-01
month-from-dateTime(xs:dateTime("2026-06-30T24:00:00"))|6|7
xs:dateTime("2026-05-31T24:00:00")|2026-05-32T00:00:00|2026-06-01T00:00:00
year-from-dateTime(xs:dateTime("2026-12-31T24:00:00"))|2026|2027
xs:dateTime("2026-06-30T23:00:00") + xs:dayTimeDuration("PT1H")|2026-07-01T00:00:00|2026-07-01T00:00:00
END
diff expected output && echo "June has 30 days."
