#!/bin/sh
# Apache KIE's FEEL finds two moments half a second apart equal, and the later one not later.
#
# By DMN 1.5 the second of a moment is "a decimal in the interval [0..60)" (Table 66), and moments compare by their
# values in seconds (Tables 53 and 54). KIE keeps the fraction, and finds half a second when it subtracts; `=`, `<`
# and ranges look at whole seconds alone, for times of day too, and `max` heeds the fraction again. Camunda's FEEL
# compares the values. A change at 23:59:59.5 is not after the last run at 23:59:59, so the next run leaves it out.
# Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.kie</groupId><artifactId>kie-dmn-feel</artifactId><version>10.2.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=kie-dmn-feel >/dev/null 2>&1
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.camunda.feel</groupId><artifactId>feel-engine</artifactId><version>1.21.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=feel-engine >/dev/null 2>&1
cat > expressions <<'END'
string(date and time("2026-06-30T23:59:59.5Z") - date and time("2026-06-30T23:59:59Z"))
date and time("2026-06-30T23:59:59.5Z") - date and time("2026-06-30T23:59:59Z") > duration("PT0S")
date and time("2026-06-30T23:59:59.5Z") > date and time("2026-06-30T23:59:59Z")
date and time("2026-06-30T23:59:59.5Z") = date and time("2026-06-30T23:59:59Z")
date and time("2026-07-01T00:00:00.0Z") > date and time("2026-06-30T23:59:59.5Z")
string(max([date and time("2026-06-30T23:59:59Z"), date and time("2026-06-30T23:59:59.5Z")]))
time("06:30:00.25") > time("06:30:00")
duration("PT1.5S") > duration("PT1S")
END
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
cat > Camunda.java <<'END'
import java.nio.file.*;
import java.util.*;
import org.camunda.feel.FeelEngine;

class Camunda {
    public static void main(String[] arguments) throws Exception {
        FeelEngine feel = new FeelEngine.Builder().build();
        for (String one : Files.readAllLines(Path.of("expressions")))
            System.out.println(feel.evalExpression(one, Map.<String, Object>of()).toOption().get());
    }
}
END
java -cp 'feel-engine/*' Camunda.java > camunda 2>/dev/null
echo "kie-dmn-feel 10.2.0; Camunda's feel-engine 1.21.0"
{ echo 'expression|KIE|Camunda'; paste -d '|' expressions kie camunda; } | tee output
cat > expected <<'END'
expression|KIE|Camunda
string(date and time("2026-06-30T23:59:59.5Z") - date and time("2026-06-30T23:59:59Z"))|PT0.5S|P0D
date and time("2026-06-30T23:59:59.5Z") - date and time("2026-06-30T23:59:59Z") > duration("PT0S")|true|true
date and time("2026-06-30T23:59:59.5Z") > date and time("2026-06-30T23:59:59Z")|false|true
date and time("2026-06-30T23:59:59.5Z") = date and time("2026-06-30T23:59:59Z")|true|false
date and time("2026-07-01T00:00:00.0Z") > date and time("2026-06-30T23:59:59.5Z")|true|true
string(max([date and time("2026-06-30T23:59:59Z"), date and time("2026-06-30T23:59:59.5Z")]))|2026-06-30T23:59:59.5Z|2026-06-30T23:59:59.5Z
time("06:30:00.25") > time("06:30:00")|false|true
duration("PT1.5S") > duration("PT1S")|true|true
END
diff expected output && echo "A moment half a second later should be later."
