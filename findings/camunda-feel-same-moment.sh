#!/bin/sh
# Camunda's FEEL calls a moment earlier than itself when it is written with another offset.
#
# By DMN 1.5 §10.3.2.3.6 a date and time with an offset has a form in UTC and is comparable to all others; its value is
# its seconds since one reference. Camunda subtracts by that value, and the difference is zero; yet `=` is false and `<`
# is true. A rule for "from July 1 on" leaves out a certificate that begins at that moment and is written in Denver's
# time. `=` is also false for one time with an offset and with the name of its zone. Takes Java and mvn; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.camunda.feel</groupId><artifactId>feel-engine</artifactId><version>1.21.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > Try.java <<'END'
import java.util.Map;
import org.camunda.feel.FeelEngine;

class Try {
    public static void main(String[] arguments) {
        FeelEngine feel = new FeelEngine.Builder().build();
        String denver = "date and time(\"2026-06-30T18:00:00-06:00\")";
        String zone = "date and time(\"2026-06-30T18:00:00@America/Denver\")";
        String utc = "date and time(\"2026-07-01T00:00:00Z\")";
        for (String one : new String[] {
                denver + " - " + utc, denver + " = " + utc, denver + " < " + utc, denver + " >= " + utc,
                zone + " = " + denver})
            System.out.println(one + ": " + feel.evalExpression(one, Map.<String, Object>of()).toOption().get());
    }
}
END
echo "Camunda's feel-engine 1.21.0"
java -cp 'lib/*' Try.java 2>/dev/null | tee output
cat > expected <<'END'
date and time("2026-06-30T18:00:00-06:00") - date and time("2026-07-01T00:00:00Z"): PT0S
date and time("2026-06-30T18:00:00-06:00") = date and time("2026-07-01T00:00:00Z"): false
date and time("2026-06-30T18:00:00-06:00") < date and time("2026-07-01T00:00:00Z"): true
date and time("2026-06-30T18:00:00-06:00") >= date and time("2026-07-01T00:00:00Z"): false
date and time("2026-06-30T18:00:00@America/Denver") = date and time("2026-06-30T18:00:00-06:00"): false
END
diff expected output && echo 'The moments are equal, so = and >= should be true and < false.'
