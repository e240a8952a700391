#!/bin/sh
# Camunda's FEEL multiplies a duration by the whole part of a number: 0.9 of ten days are none, 1.5 days are one.
#
# By DMN 1.5 (Table 59) a duration times a number is the duration of the product of their values. Camunda drops the
# fraction of the number first, without an error, while a division by 2 or by 4 is exact; the text of half a second is
# "P0D". Apache KIE's FEEL multiplies by the number as it is. A rule for the last tenth of a time holds from its first
# day on, and half a year has no months. Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
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
string(duration("P10D") * 2)
string(duration("P10D") * 0.9)
string(duration("P1D") * 1.5)
string(0.5 * duration("P1Y"))
string(duration("P1Y") / 2)
string(duration("P10D") / 4)
duration("P10D") * 0.9 = duration("P9D")
string(duration("PT0.5S"))
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
echo "Camunda's feel-engine 1.21.0; kie-dmn-feel 10.2.0"
{ echo 'expression|Camunda|KIE'; paste -d '|' expressions camunda kie; } | tee output
cat > expected <<'END'
expression|Camunda|KIE
string(duration("P10D") * 2)|P20D|P20D
string(duration("P10D") * 0.9)|P0D|P9D
string(duration("P1D") * 1.5)|P1D|P1DT12H
string(0.5 * duration("P1Y"))|P0Y|P6M
string(duration("P1Y") / 2)|P6M|P6M
string(duration("P10D") / 4)|P2DT12H|P2DT12H
duration("P10D") * 0.9 = duration("P9D")|false|true
string(duration("PT0.5S"))|P0D|PT0.5S
END
diff expected output && echo "Half of a year should be six months, however it is written."
