#!/bin/sh
# feelin gives the day in UTC for the date of a moment, and the day of the moment's own offset for all parts of it.
#
# By DMN 1.5 (Table 72) date(from) of a date and time sets its "time components to null"; year, month and day stay.
# feelin moves the moment to UTC first, while `.day`, `day of week` and `time` go by the moment's own offset, so a
# date and a time that are taken from one moment belong to two. On a machine in Denver a moment without an offset
# moves as well. Apache KIE's FEEL follows DMN. What changes in the evening of June 30 in Denver does not change in
# June. Takes Java, mvn, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @bpmn-io/feelin@6.1.1 >/dev/null
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.kie</groupId><artifactId>kie-dmn-feel</artifactId><version>10.2.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=kie-dmn-feel >/dev/null 2>&1
cat > expressions <<'END'
string(date(date and time("2026-06-30T23:30:00")))
string(date(date and time("2026-06-30T23:30:00-06:00")))
string(date(date and time("2026-06-30T23:30:00@America/Denver")))
string(date(date and time("2026-07-01T00:30:00+02:00")))
date(date and time("2026-06-30T23:30:00-06:00")) <= date("2026-06-30")
date and time("2026-06-30T23:30:00-06:00").day
day of week(date and time("2026-06-30T23:30:00-06:00"))
string(time(date and time("2026-06-30T23:30:00-06:00")))
END
cat > try.mjs <<'END'
import fs from "fs";
import {evaluate} from "@bpmn-io/feelin";
for (const one of fs.readFileSync("expressions", "utf8").trim().split("\n"))
    console.log(String(evaluate(one).value));
END
TZ=UTC node try.mjs > feelin-utc
TZ=America/Denver node try.mjs > feelin-denver
cat > Kie.java <<'END'
import java.nio.file.*;
import java.util.*;
import org.kie.dmn.feel.FEEL;

class Kie {
    public static void main(String[] arguments) throws Exception {
        FEEL feel = FEEL.newInstance(Kie.class.getClassLoader(), List.of());
        for (String one : Files.readAllLines(Path.of("expressions"))) System.out.println(feel.evaluate(one));
    }
}
END
java -cp 'kie-dmn-feel/*' Kie.java > kie 2>/dev/null
echo "feelin 6.1.1 on node $(node --version); kie-dmn-feel 10.2.0"
{ echo 'expression|feelin in UTC|feelin in Denver|KIE'; paste -d '|' expressions feelin-utc feelin-denver kie; } | tee output
cat > expected <<'END'
expression|feelin in UTC|feelin in Denver|KIE
string(date(date and time("2026-06-30T23:30:00")))|2026-06-30|2026-07-01|2026-06-30
string(date(date and time("2026-06-30T23:30:00-06:00")))|2026-07-01|2026-07-01|2026-06-30
string(date(date and time("2026-06-30T23:30:00@America/Denver")))|2026-07-01|2026-07-01|2026-06-30
string(date(date and time("2026-07-01T00:30:00+02:00")))|2026-06-30|2026-06-30|2026-07-01
date(date and time("2026-06-30T23:30:00-06:00")) <= date("2026-06-30")|false|false|true
date and time("2026-06-30T23:30:00-06:00").day|30|30|30
day of week(date and time("2026-06-30T23:30:00-06:00"))|Tuesday|Tuesday|Tuesday
string(time(date and time("2026-06-30T23:30:00-06:00")))|23:30:00-06:00|23:30:00-06:00|23:30:00-06:00
END
diff expected output && echo "The date should be the one that the moment is written with."
