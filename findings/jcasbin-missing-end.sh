#!/bin/sh
# jcasbin calls a missing value earlier than every date and smaller than every number; node-casbin, only than numbers.
#
# Casbin has one language of models for all its implementations. In a matcher "the certificate ended before July 1"
# holds in jcasbin for a person without an end, and so does `<=` with a date of the policy; node-casbin says no, and
# pycasbin stops with an error. With hours that nobody has entered, jcasbin and node-casbin take them for less than 5.
# A rule that removes what has ended removes what is not known. Takes Java, mvn, node, npm and python3; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts casbin@5.51.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check casbin==1.43.0
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.casbin</groupId><artifactId>jcasbin</artifactId><version>1.81.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > model.conf <<'END'
[request_definition]
r = end, hours
[policy_definition]
p = limit
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = MATCHER
END
echo 'p, 2026-07-01' > policy.csv
cat > matchers <<'END'
r.end < "2026-07-01"
r.end <= p.limit
r.end >= "2026-07-01"
r.hours < 5
r.hours >= 5
END
cat > Try.java <<'END'
import java.nio.file.*;
import org.casbin.jcasbin.main.Enforcer;

class Try {
    public static void main(String[] arguments) throws Exception {
        String model = Files.readString(Path.of("model.conf"));
        for (String matcher : Files.readAllLines(Path.of("matchers"))) {
            Files.writeString(Path.of("model"), model.replace("MATCHER", matcher));
            System.out.println(new Enforcer("model", "policy.csv").enforce(null, null));
        }
    }
}
END
cat > try.cjs <<'END'
const fs = require("fs");
const {newEnforcer, newModel, FileAdapter} = require("casbin");
(async () => {
    const model = fs.readFileSync("model.conf", "utf8");
    for (const matcher of fs.readFileSync("matchers", "utf8").trim().split("\n")) {
        const enforcer = await newEnforcer(newModel(model.replace("MATCHER", matcher)), new FileAdapter("policy.csv"));
        console.log(await enforcer.enforce(null, null));
    }
})();
END
cat > try.py <<'END'
import casbin

text = open("model.conf").read()
for matcher in open("matchers"):
    model = casbin.Model()
    model.load_model_from_text(text.replace("MATCHER", matcher.strip()))
    try:
        print(str(casbin.Enforcer(model, casbin.FileAdapter("policy.csv")).enforce(None, None)).lower())
    except Exception as error:
        print(type(error).__name__)
END
java -cp 'lib/*' Try.java > answers-java 2>/dev/null
node try.cjs > answers-node
venv/bin/python try.py > answers-python
echo "jcasbin 1.81.0, node-casbin 5.51.1 on node $(node --version), pycasbin 1.43.0"
{
    echo "matcher, for a person without end and hours|jcasbin|node-casbin|pycasbin"
    paste -d '|' matchers answers-java answers-node answers-python
} | tee output
cat > expected <<'END'
matcher, for a person without end and hours|jcasbin|node-casbin|pycasbin
r.end < "2026-07-01"|true|false|TypeError
r.end <= p.limit|true|false|TypeError
r.end >= "2026-07-01"|false|false|TypeError
r.hours < 5|true|true|TypeError
r.hours >= 5|false|false|TypeError
END
diff expected output && echo "What is not known should not be early or small."
