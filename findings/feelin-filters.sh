#!/bin/sh
# feelin's filter keeps all of a list or nothing where its expression is `not(...)`, and drops nulls and false.
#
# By DMN 1.5 (Table 68) a filter keeps the items for which its expression is true, with the item, or its entries, in
# scope. In feelin `[item != 1]` does; in `[not(item = 1)]`, in `if` and in calls of functions there is no `item`,
# which makes a warning and keeps everything or nothing. Where `some` finds a null by `item = null`, the filter leaves
# it out, as it does false. Apache KIE's and Camunda's FEEL agree with DMN. A list of the people who are not teachers
# has everyone in it, and a count of what is not known is always 0. Takes Java, mvn, node and npm; works in a folder
# of its own and removes it. Exits 1 if the behavior changes.
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
count([{role: "Aide"}, {role: "Teacher"}][role != "Teacher"])
count([{role: "Aide"}, {role: "Teacher"}][not(role = "Teacher")])
count([1, 2, 3][not(item = 1)])
count([1, 2, 3][not(item > 1)])
count(["K-5", "6-8", "9-12"][list contains(["K-5", "6-8"], item)])
some item in ["K-5", null] satisfies item = null
count(["K-5", null][item = null])
count(["K-5", null][item != "K-5"])
count([true, false][item = false])
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
echo "feelin 6.1.1 on node $(node --version); kie-dmn-feel 10.2.0; Camunda's feel-engine 1.21.0"
{ echo 'expression|feelin|KIE|Camunda'; paste -d '|' expressions feelin kie camunda; } | tee output
cat > expected <<'END'
expression|feelin|KIE|Camunda
count([{role: "Aide"}, {role: "Teacher"}][role != "Teacher"])|1|1|1
count([{role: "Aide"}, {role: "Teacher"}][not(role = "Teacher")])|2|1|1
count([1, 2, 3][not(item = 1)])|3|2|2
count([1, 2, 3][not(item > 1)])|0|1|1
count(["K-5", "6-8", "9-12"][list contains(["K-5", "6-8"], item)])|0|2|2
some item in ["K-5", null] satisfies item = null|true|true|true
count(["K-5", null][item = null])|0|1|1
count(["K-5", null][item != "K-5"])|0|1|1
count([true, false][item = false])|0|1|1
END
diff expected output && echo "A filter should keep the items for which its expression is true."
