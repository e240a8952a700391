#!/bin/sh
# Two EDTF libraries know when an unknown end is: the one for JavaScript in 1970, the one for Python after ten years.
#
# By EDTF (ISO 8601-2, level 1) "2026-07-01/" has an end that is not known, and "2026-07-01/.." has none. edtf for
# JavaScript compares the unknown end, null, as the number 0, which is January 1, 1970: such a post covers no day, not
# even its first; one from 1965 covers five years; one with an unknown start covers all days from 1970 on. edtf for
# Python has July 1, 2036 for upper_strict of the first. What is not known becomes none, or a date that looks certain.
# Takes node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts edtf@4.11.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check edtf==5.0.2
cat > intervals <<'END'
2026-07-01/2027-06-30
2026-07-01/..
2026-07-01/
1965-07-01/
/2027-06-30
../2027-06-30
END
cat > try.mjs <<'END'
import fs from "fs";
import edtf from "edtf";
const days = ["1969-01-01", "1971-01-01", "2026-07-01", "2030-01-01"];
for (const interval of fs.readFileSync("intervals", "utf8").trim().split("\n"))
    console.log(days.filter((day) => edtf(interval).covers(edtf(day))).join(" ") || "-");
END
cat > try.py <<'END'
import edtf


def day(bound):
    return bound if isinstance(bound, float) else "{}-{:02}-{:02}".format(*bound[:3])


for line in open("intervals"):
    interval = edtf.parse_edtf(line.strip())
    print(day(interval.lower_strict()), day(interval.upper_strict()))
END
node try.mjs > javascript
venv/bin/python try.py > python
echo "edtf 4.11.1 on node $(node --version); edtf 5.0.2 for Python"
{ echo "interval|JavaScript covers|Python's bounds"; paste -d '|' intervals javascript python; } | tee output
cat > expected <<'END'
interval|JavaScript covers|Python's bounds
2026-07-01/2027-06-30|2026-07-01|2026-07-01 2027-06-30
2026-07-01/..|2026-07-01 2030-01-01|2026-07-01 inf
2026-07-01/|-|2026-07-01 2036-07-01
1965-07-01/|1969-01-01|1965-07-01 1975-07-01
/2027-06-30|1971-01-01 2026-07-01|2017-06-30 2027-06-30
../2027-06-30|1969-01-01 1971-01-01 2026-07-01|-inf 2027-06-30
END
diff expected output && echo "The third interval covers its first day, and nobody knows when it ends."
