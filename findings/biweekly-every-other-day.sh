#!/bin/sh
# biweekly forgets the interval of a daily rule that names weekdays: every second day becomes every day.
#
# By RFC 5545 §3.3.10 a rule that is DAILY counts its INTERVAL from DTSTART, and BYDAY only limits the days that are
# left: "every third day, on Tuesdays" holds every three weeks. biweekly ignores the interval of such a rule as soon as
# it has BYDAY; without BYDAY, or with BYMONTH, it counts. python-dateutil and ical.js follow the RFC. A list of duties
# or of dates to review, read from one calendar, has two or three times as many days. Takes Java, mvn, node, npm and
# python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts ical.js@2.2.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>net.sf.biweekly</groupId><artifactId>biweekly</artifactId><version>0.6.8</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > rules <<'END'
FREQ=DAILY;INTERVAL=2;COUNT=5
FREQ=DAILY;INTERVAL=2;BYMONTH=6,8;COUNT=5
FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;COUNT=5
FREQ=DAILY;INTERVAL=3;BYDAY=TU;COUNT=5
END
cat > Try.java <<'END'
import biweekly.*;
import biweekly.util.com.google.ical.compat.javautil.DateIterator;
import java.nio.file.*;
import java.text.SimpleDateFormat;
import java.util.TimeZone;

class Try {
    public static void main(String[] arguments) throws Exception {
        TimeZone zone = TimeZone.getTimeZone("UTC");
        SimpleDateFormat format = new SimpleDateFormat("MM-dd");
        format.setTimeZone(zone);
        for (String rule : Files.readAllLines(Path.of("rules"))) {
            ICalendar calendar = Biweekly.parse(String.join("\r\n", "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT",
                "UID:1", "DTSTART:20260630T080000Z", "RRULE:" + rule, "END:VEVENT", "END:VCALENDAR", "")).first();
            DateIterator days = calendar.getEvents().get(0).getDateIterator(zone);
            StringBuilder found = new StringBuilder("biweekly:");
            while (days.hasNext()) found.append(" " + format.format(days.next()));
            System.out.println(found);
        }
    }
}
END
cat > try.mjs <<'END'
import fs from "fs";
import ICAL from "ical.js";
for (const rule of fs.readFileSync("rules", "utf8").trim().split("\n")) {
    const days = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromString("2026-06-30T08:00:00Z"));
    const found = [];
    for (let day = days.next(); day; day = days.next()) found.push(day.toString().slice(5, 10));
    console.log("ical.js:", ...found);
}
END
cat > try.py <<'END'
from datetime import datetime

from dateutil.rrule import rrulestr

for rule in open("rules"):
    print("dateutil:", *(f"{day:%m-%d}" for day in rrulestr(rule.strip(), dtstart=datetime(2026, 6, 30, 8))))
END
java -cp 'lib/*' Try.java > answers-java
node try.mjs > answers-javascript
venv/bin/python try.py > answers-python
echo "biweekly 0.6.8, ical.js 2.2.1 on node $(node --version), python-dateutil 2.9.0.post0; all from June 30, 2026"
paste -d '\n' rules answers-java answers-javascript answers-python | tee output
cat > expected <<'END'
FREQ=DAILY;INTERVAL=2;COUNT=5
biweekly: 06-30 07-02 07-04 07-06 07-08
ical.js: 06-30 07-02 07-04 07-06 07-08
dateutil: 06-30 07-02 07-04 07-06 07-08
FREQ=DAILY;INTERVAL=2;BYMONTH=6,8;COUNT=5
biweekly: 06-30 08-01 08-03 08-05 08-07
ical.js: 06-30 08-01 08-03 08-05 08-07
dateutil: 06-30 08-01 08-03 08-05 08-07
FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;COUNT=5
biweekly: 06-30 07-01 07-02 07-03 07-06
ical.js: 06-30 07-02 07-06 07-08 07-10
dateutil: 06-30 07-02 07-06 07-08 07-10
FREQ=DAILY;INTERVAL=3;BYDAY=TU;COUNT=5
biweekly: 06-30 07-07 07-14 07-21 07-28
ical.js: 06-30 07-21 08-11 09-01 09-22
dateutil: 06-30 07-21 08-11 09-01 09-22
END
diff expected output && echo "Every second day should leave a day between."
