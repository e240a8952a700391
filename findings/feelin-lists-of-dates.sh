#!/bin/sh
# feelin never finds a date in a list of dates, and has no latest date.
#
# By DMN 1.5 (Table 75) `list contains` and `index of` look for any element, and `max` takes "comparable items". Dates
# can be compared, and feelin compares them by `=`, by `in` and by `some`. `list contains` is false for the very same
# date or time, `index of` is empty, and `max` and `min` of dates, texts and durations are null. Apache KIE's FEEL
# finds them all. A day is never in the list of days off, and nobody has a latest certificate. Takes Java, mvn, node
# and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
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
date("2026-06-30") = date("2026-06-30")
date("2026-06-30") in (date("2026-06-30"), date("2026-07-01"))
some day in [date("2026-06-30"), date("2026-07-01")] satisfies day = date("2026-06-30")
list contains([date("2026-06-30"), date("2026-07-01")], date("2026-06-30"))
list contains([time("06:30:00")], time("06:30:00"))
list contains(["2026-06-30"], "2026-06-30")
count(index of([date("2026-06-30"), date("2026-07-01")], date("2026-06-30")))
string(max([date("2026-06-30"), date("2026-07-01")]))
max([6, 7])
max(["2026-06-30", "2026-07-01"])
string(min([duration("P30D"), duration("P10D")]))
END
cat > try.mjs <<'END'
import fs from "fs";
import {evaluate} from "@bpmn-io/feelin";
for (const one of fs.readFileSync("expressions", "utf8").trim().split("\n"))
    console.log(String(evaluate(one).value));
END
node try.mjs > feelin
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
{ echo 'expression|feelin|KIE'; paste -d '|' expressions feelin kie; } | tee output
cat > expected <<'END'
expression|feelin|KIE
date("2026-06-30") = date("2026-06-30")|true|true
date("2026-06-30") in (date("2026-06-30"), date("2026-07-01"))|true|true
some day in [date("2026-06-30"), date("2026-07-01")] satisfies day = date("2026-06-30")|true|true
list contains([date("2026-06-30"), date("2026-07-01")], date("2026-06-30"))|false|true
list contains([time("06:30:00")], time("06:30:00"))|false|true
list contains(["2026-06-30"], "2026-06-30")|true|true
count(index of([date("2026-06-30"), date("2026-07-01")], date("2026-06-30")))|0|1
string(max([date("2026-06-30"), date("2026-07-01")]))|null|2026-07-01
max([6, 7])|7|7
max(["2026-06-30", "2026-07-01"])|null|2026-07-01
string(min([duration("P30D"), duration("P10D")]))|null|P10D
END
diff expected output && echo "A date should be in a list that has it, and the later date the latest."
