#!/bin/sh
# feelin's `years and months duration` counts days and seconds too, so one duration equals 11 months and is longer.
#
# By DMN 1.5 §10.3.4.1 the function gives a duration of years and months, and such a duration has nothing smaller
# (§10.3.2.3.8). The first line is the specification's own example, which gives P1Y8M; the FEEL of Apache KIE agrees.
# feelin also counts January 31 to February 28 as a month. A rule about months of service accepts a person early, and
# tables that divide at 11 months overlap. Takes Java, mvn, node and npm; works in a folder of its own and removes it.
# Exits 1 if the behavior changes.
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
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > expressions <<'END'
string(years and months duration(date("2011-12-22"), date("2013-08-24")))
string(years and months duration(date("2026-01-31"), date("2026-02-28")))
string(years and months duration(date("2025-09-01"), date("2026-08-15")))
years and months duration(date("2026-01-31"), date("2026-02-28")) >= duration("P1M")
years and months duration(date("2025-09-01"), date("2026-08-15")) > duration("P11M")
years and months duration(date("2025-09-01"), date("2026-08-15")) = duration("P11M")
END
cat > Try.java <<'END'
import java.nio.file.*;
import java.util.*;
import org.kie.dmn.feel.FEEL;

class Try {
    public static void main(String[] arguments) throws Exception {
        FEEL feel = FEEL.newInstance(Try.class.getClassLoader(), List.of());
        for (String one : Files.readAllLines(Path.of("expressions"))) System.out.println(feel.evaluate(one));
    }
}
END
cat > try.mjs <<'END'
import fs from "fs";
import {evaluate} from "@bpmn-io/feelin";
for (const one of fs.readFileSync("expressions", "utf8").trim().split("\n")) console.log(evaluate(one).value);
END
java -cp 'lib/*' Try.java > kie 2>/dev/null
node try.mjs > feelin
echo "feelin 6.1.1 on node $(node --version); kie-dmn-feel 10.2.0"
paste -d '|' expressions feelin kie | tee output
cat > expected <<'END'
string(years and months duration(date("2011-12-22"), date("2013-08-24")))|P1Y8M1DT22H27M5.806S|P1Y8M
string(years and months duration(date("2026-01-31"), date("2026-02-28")))|P1M|P0M
string(years and months duration(date("2025-09-01"), date("2026-08-15")))|P11M13DT13H9M40.645S|P11M
years and months duration(date("2026-01-31"), date("2026-02-28")) >= duration("P1M")|true|false
years and months duration(date("2025-09-01"), date("2026-08-15")) > duration("P11M")|true|false
years and months duration(date("2025-09-01"), date("2026-08-15")) = duration("P11M")|true|true
END
diff expected output && echo "A duration of years and months should have whole months alone."
