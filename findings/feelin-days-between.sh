#!/bin/sh
# feelin has 0 days between any two dates, and finds 365 days equal to 360.
#
# By DMN 1.5 (Table 66) `days` and `months` of a duration are its normalized components, and durations are equal when
# their values are (Table 53). feelin gives the days that the text of a duration had: 0 for the difference of two
# dates, whatever it is, and for 36 hours, and 14 months for P14M. Two durations of more than 180 days are equal when
# less than a month lies between them, though `>` tells them apart. Apache KIE's FEEL follows DMN. A rule for "at most
# 10 days late" always holds. Takes Java, mvn, node and npm; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
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
string(date("2026-07-11") - date("2026-06-30"))
(date("2026-07-11") - date("2026-06-30")).days
(date("2026-07-11") - date("2026-06-30")).days <= 10
duration("P11D").days
duration("PT36H").days
duration("P14M").months
duration("P11D") = duration("P10D")
duration("P365D") = duration("P360D")
duration("P365D") > duration("P360D")
date("2026-12-31") - date("2026-01-01") = duration("P360D")
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
string(date("2026-07-11") - date("2026-06-30"))|P11D|P11D
(date("2026-07-11") - date("2026-06-30")).days|0|11
(date("2026-07-11") - date("2026-06-30")).days <= 10|true|false
duration("P11D").days|11|11
duration("PT36H").days|0|1
duration("P14M").months|14|2
duration("P11D") = duration("P10D")|false|false
duration("P365D") = duration("P360D")|true|false
duration("P365D") > duration("P360D")|true|true
date("2026-12-31") - date("2026-01-01") = duration("P360D")|true|false
END
diff expected output && echo "Eleven days should be eleven, and 365 days not 360."
