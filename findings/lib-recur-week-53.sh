#!/bin/sh
# lib-recur puts a 53rd week into years that have 52, and gives a day of another week for it.
#
# By RFC 5545 §3.3.10 BYWEEKNO counts the weeks of ISO 8601, "week 53 can only occur when Thursday is January 1 or if it
# is a leap year and Wednesday is January 1", and an instance with an invalid date is ignored. From 2026 on the years
# are 2026, 2032 and 2037. lib-recur gives a day of week 52 for 2027 and days of the first week for other years;
# python-dateutil skips them, as ical4j does. Days off in the last week of the longer years come in the wrong weeks.
# Takes Java, mvn and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.dmfs</groupId><artifactId>lib-recur</artifactId><version>0.17.1</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > rules <<'END'
FREQ=YEARLY;BYWEEKNO=52;BYDAY=FR;COUNT=5
FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;COUNT=5
FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR;COUNT=5
END
cat > Try.java <<'END'
import java.nio.file.*;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import org.dmfs.rfc5545.DateTime;
import org.dmfs.rfc5545.recur.*;

class Try {
    public static void main(String[] arguments) throws Exception {
        for (String rule : Files.readAllLines(Path.of("rules"))) {
            RecurrenceRuleIterator days = new RecurrenceRule(rule).iterator(DateTime.parse("20260101"));
            StringBuilder weeks = new StringBuilder("lib-recur:");
            while (days.hasNext()) {
                DateTime day = days.nextDateTime();
                LocalDate date = LocalDate.of(day.getYear(), day.getMonth() + 1, day.getDayOfMonth());
                weeks.append(date.format(DateTimeFormatter.ISO_WEEK_DATE).substring(0, 8).replaceFirst("^", " "));
            }
            System.out.println(weeks);
        }
    }
}
END
cat > try.py <<'END'
from datetime import datetime

from dateutil.rrule import rrulestr

for rule in open("rules"):
    print("dateutil:", *(day.strftime("%G-W%V") for day in rrulestr(rule.strip(), dtstart=datetime(2026, 1, 1))))
END
java -cp 'lib/*' Try.java > answers-java
venv/bin/python try.py > answers-python
echo "lib-recur 0.17.1, python-dateutil 2.9.0.post0; each day is shown by its week of ISO 8601"
paste -d '\n' rules answers-java answers-python | tee output
cat > expected <<'END'
FREQ=YEARLY;BYWEEKNO=52;BYDAY=FR;COUNT=5
lib-recur: 2026-W52 2027-W52 2028-W52 2029-W52 2030-W52
dateutil: 2026-W52 2027-W52 2028-W52 2029-W52 2030-W52
FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;COUNT=5
lib-recur: 2026-W53 2027-W52 2030-W01 2031-W01 2032-W01
dateutil: 2026-W53 2032-W53 2037-W53 2043-W53 2048-W53
FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR;COUNT=5
lib-recur: 2026-W53 2027-W52 2029-W01 2030-W01 2031-W01
dateutil: 2026-W53 2032-W53 2037-W53 2043-W53 2048-W53
END
diff expected output && echo "Week 53 should be week 53."
