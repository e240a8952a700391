#!/bin/sh
# One JsonLogic rule about dates holds in JavaScript, never in Java, and in Python also where there is no date.
#
# JsonLogic's operators come from JavaScript: two texts compare as texts, so ISO dates compare well, and null is not
# after a text. json-logic-java makes numbers of both texts and has no error, so no certificate is ever current.
# panzi-json-logic has JsonLogic's own tests among its tests; it calls null later than every date, so a certificate
# without an end is current. jsonlogic-rs agrees with JavaScript. Takes Java, mvn, node, npm and python3; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts json-logic-js@2.0.5 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check panzi-json-logic==1.0.1 jsonlogic-rs==0.5.0
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>io.github.jamsesso</groupId><artifactId>json-logic-java</artifactId><version>1.1.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
echo '{">": [{"var": "end"}, "2026-06-30"]}' > rule
cat > Try.java <<'END'
import io.github.jamsesso.jsonlogic.JsonLogic;
import java.nio.file.*;
import java.util.*;

class Try {
    public static void main(String[] arguments) throws Exception {
        for (String end : new String[] {"2027-06-30", "2025-06-30", null})
            System.out.println(new JsonLogic().apply(Files.readString(Path.of("rule")),
                Collections.singletonMap("end", end)));
    }
}
END
cat > try.cjs <<'END'
const rule = JSON.parse(require("fs").readFileSync("rule", "utf8"));
for (const end of ["2027-06-30", "2025-06-30", null]) console.log(require("json-logic-js").apply(rule, {end}));
END
cat > try.py <<'END'
import json
import sys

import json_logic
import jsonlogic_rs

apply = {"rs": jsonlogic_rs.apply, "panzi": json_logic.jsonLogic}[sys.argv[1]]
for end in ("2027-06-30", "2025-06-30", None):
    print(str(apply(json.load(open("rule")), {"end": end})).lower())
END
printf '2027-06-30\n2025-06-30\nnull\n' > ends
node try.cjs > javascript
java -cp 'lib/*' Try.java > java
venv/bin/python try.py rs > rust
venv/bin/python try.py panzi > panzi
echo "json-logic-js 2.0.5 on node $(node --version), json-logic-java 1.1.0,"
echo "jsonlogic-rs 0.5.0, panzi-json-logic 1.0.1"
{
    echo "end|json-logic-js|json-logic-java|jsonlogic-rs|panzi"
    paste -d '|' ends javascript java rust panzi
} | tee output
cat > expected <<'END'
end|json-logic-js|json-logic-java|jsonlogic-rs|panzi
2027-06-30|true|false|true|true
2025-06-30|false|false|false|false
null|false|false|false|true
END
diff expected output && echo "Only the first date is after June 30, 2026."
