#!/bin/sh
# Apache KIE's FEEL finds two values equal when they stand alone, and different when they stand in a list.
#
# By DMN 1.5 (Table 53) two lists are equal when their items are, two contexts when their entries are, and of a number
# "precision is not considered". KIE finds 1 and 1.0 equal, and one moment in two offsets. Lists and contexts of them
# differ, `distinct values` and `union` keep both, while `list contains` finds either. Camunda's FEEL, which does not
# find the moments equal anywhere, has one answer for each pair. A count of different values is too high where one
# source writes 1 and another 1.0. Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
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
1 = 1.0
[1] = [1.0]
{post: 1} = {post: 1.0}
list contains([1.0], 1)
count(distinct values([1, 1.0]))
count(union([1], [1.0]))
date and time("2026-06-30T23:30:00-06:00") = date and time("2026-07-01T05:30:00Z")
[date and time("2026-06-30T23:30:00-06:00")] = [date and time("2026-07-01T05:30:00Z")]
count(distinct values([date and time("2026-06-30T23:30:00-06:00"), date and time("2026-07-01T05:30:00Z")]))
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
1 = 1.0|true|true
[1] = [1.0]|false|true
{post: 1} = {post: 1.0}|false|true
list contains([1.0], 1)|true|true
count(distinct values([1, 1.0]))|2|1
count(union([1], [1.0]))|2|1
date and time("2026-06-30T23:30:00-06:00") = date and time("2026-07-01T05:30:00Z")|true|false
[date and time("2026-06-30T23:30:00-06:00")] = [date and time("2026-07-01T05:30:00Z")]|false|false
count(distinct values([date and time("2026-06-30T23:30:00-06:00"), date and time("2026-07-01T05:30:00Z")]))|2|2
END
diff expected output && echo "Values that are equal should make equal lists, and count once."
