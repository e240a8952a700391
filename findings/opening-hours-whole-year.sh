#!/bin/sh
# opening_hours for JavaScript is never open in a year that is written as "Jul 01-Jun 30".
#
# In OpenStreetMap's opening hours a range of days that ends before it begins goes on into the next year, as in
# "Aug 15-Jun 04". opening_hours finds no day at all, and reports no error, where the range ends on the day before it
# begins, as a school year does that is written in full; as "off" it closes nothing. A day less, or whole months, work.
# opening-hours-py finds every day. A desk that is open, or a change that may run, in such a year never is. Takes node,
# npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts opening_hours@3.15.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opening-hours-py==2.1.4
cat > ranges <<'END'
Aug 15-Jun 04
Jul-Jun
Jul 01-Jun 29
Jul 01-Jun 30
Aug 15-Aug 14
24/7; Jul 01-Jun 30 off
END
echo "2026-03-01 2026-06-30 2026-10-01" > days
cat > try.mjs <<'END'
import fs from "fs";
import OpeningHours from "opening_hours";
const days = fs.readFileSync("days", "utf8").trim().split(" ");
for (const range of fs.readFileSync("ranges", "utf8").trim().split("\n")) {
    const hours = new OpeningHours(range);
    console.log(...days.map(day => hours.getState(new Date(`${day}T12:00`)) ? "open" : "closed"));
}
END
cat > try.py <<'END'
from datetime import datetime

from opening_hours import OpeningHours

days = open("days").read().split()
for line in open("ranges"):
    hours = OpeningHours(line.strip())
    print(*("open" if hours.is_open(datetime.fromisoformat(f"{day}T12:00")) else "closed" for day in days))
END
node try.mjs > answers-javascript
venv/bin/python try.py > answers-python
echo "opening_hours 3.15.0 on node $(node --version), opening-hours-py 2.1.4"
{
    echo "range, on $(cat days)|opening_hours|opening-hours-py"
    paste -d '|' ranges answers-javascript answers-python
} | tee output
cat > expected <<'END'
range, on 2026-03-01 2026-06-30 2026-10-01|opening_hours|opening-hours-py
Aug 15-Jun 04|open closed open|open closed open
Jul-Jun|open open open|open open open
Jul 01-Jun 29|open closed open|open closed open
Jul 01-Jun 30|closed closed closed|open open open
Aug 15-Aug 14|closed closed closed|open open open
24/7; Jul 01-Jun 30 off|open open open|closed closed closed
END
diff expected output && echo "June 30 and October 1 are in every year from July 1 to June 30."
