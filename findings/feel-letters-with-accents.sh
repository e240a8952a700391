#!/bin/sh
# Two engines for FEEL find no letter in an accented one by \w, and the third splits a name there all the same.
#
# By DMN 1.5 (§10.3.4.3, note 2) the patterns of `matches`, `replace` and `split` are those of XPath, whose \w is by
# XML Schema (Part 2, §F.1.1) every character but punctuation, separators and others: "ë" is one. Camunda's FEEL and
# feelin take the ASCII letters of Java and JavaScript. Apache KIE's FEEL follows DMN in `matches` and `replace`, and
# its `split` does not. A check of names refuses Zoë in one engine alone, and the words of a name are others. Takes
# Java, mvn, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
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
matches("Zoe", "^\w+$")
matches("Zoë", "^\w+$")
matches("Zoë", "^\p{L}+$")
replace("Zoë Núñez", "\W", "_")
string(split("Zoë, Núñez", ", "))
string(split("Zoë Núñez", "\W"))
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
echo "kie-dmn-feel 10.2.0; Camunda's feel-engine 1.21.0; feelin 6.1.1 on node $(node --version)"
{ echo 'expression|KIE|Camunda|feelin'; paste -d '|' expressions kie camunda feelin; } | tee output
cat > expected <<'END'
expression|KIE|Camunda|feelin
matches("Zoe", "^\w+$")|true|true|true
matches("Zoë", "^\w+$")|true|false|false
matches("Zoë", "^\p{L}+$")|true|true|true
replace("Zoë Núñez", "\W", "_")|Zoë_Núñez|Zo__N__ez|Zo__N__ez
string(split("Zoë, Núñez", ", "))|[ Zoë, Núñez ]|["Zoë", "Núñez"]|["Zoë", "Núñez"]
string(split("Zoë Núñez", "\W"))|[ Zo, , N, , ez ]|["Zo", "", "N", "", "ez"]|["Zo", "", "N", "", "ez"]
END
diff expected output && echo "A letter with an accent should be a letter."
