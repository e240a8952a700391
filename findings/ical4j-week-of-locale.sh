#!/bin/sh
# ical4j gives other days of one rule for every second week where Java's locale is German and where it is American.
#
# By RFC 5545 §3.3.10 a week begins with WKST, "The default value is MO", and this matters for rules of weeks with an
# interval and BYDAY. ical4j takes the first day of the week from the locale of the machine: in the United States a
# Sunday and the Monday after it are in one week, so half of the days are those of the other week. python-dateutil
# follows the RFC, and so does ical4j where the rule says WKST=MO. A server in another country has other days. Takes
# Java, mvn and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
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
    <groupId>org.mnode.ical4j</groupId><artifactId>ical4j</artifactId><version>4.1.1</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > rules <<'END'
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5;WKST=MO
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5;WKST=SU
END
cat > Try.java <<'END'
import java.nio.file.*;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import net.fortuna.ical4j.model.Recur;

class Try {
    public static void main(String[] arguments) throws Exception {
        LocalDateTime start = LocalDateTime.of(2026, 8, 16, 8, 0);
        for (String rule : Files.readAllLines(Path.of("rules"))) {
            StringBuilder days = new StringBuilder(arguments[0]);
            for (LocalDateTime day : new Recur<LocalDateTime>(rule).getDates(start, start, start.plusYears(1)))
                days.append(day.format(DateTimeFormatter.ofPattern(" MM-dd")));
            System.out.println(days);
        }
    }
}
END
cat > try.py <<'END'
from datetime import datetime

from dateutil.rrule import rrulestr

for rule in open("rules"):
    print("dateutil", *(day.strftime("%m-%d") for day in rrulestr(rule.strip(), dtstart=datetime(2026, 8, 16, 8))))
END
java -Duser.language=de -Duser.country=DE -cp 'lib/*' Try.java "ical4j, de_DE" > german 2>/dev/null
java -Duser.language=en -Duser.country=US -cp 'lib/*' Try.java "ical4j, en_US" > american 2>/dev/null
venv/bin/python try.py > python
echo "ical4j 4.1.1, python-dateutil 2.9.0.post0; the first day is Sunday, August 16, 2026"
paste -d '\n' rules german american python | tee output
cat > expected <<'END'
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5
ical4j, de_DE 08-16 08-24 08-30 09-07 09-13
ical4j, en_US 08-16 08-17 08-30 08-31 09-13
dateutil 08-16 08-24 08-30 09-07 09-13
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5;WKST=MO
ical4j, de_DE 08-16 08-24 08-30 09-07 09-13
ical4j, en_US 08-16 08-24 08-30 09-07 09-13
dateutil 08-16 08-24 08-30 09-07 09-13
FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;COUNT=5;WKST=SU
ical4j, de_DE 08-16 08-17 08-30 08-31 09-13
ical4j, en_US 08-16 08-17 08-30 08-31 09-13
dateutil 08-16 08-17 08-30 08-31 09-13
END
diff expected output && echo "The first two rules are one rule."
