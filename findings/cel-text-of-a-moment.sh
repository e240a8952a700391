#!/bin/sh
# CEL for Go and Python write one moment in as many texts as it had offsets; CEL for Java and JavaScript write one.
#
# A timestamp of CEL is a moment without an offset, and two that are equal should have one text. cel-go and cel-python
# keep the offset that the text came with, so string() of two equal timestamps differs, and a rule that takes a day from
# it, or counts different moments by their text, has another answer than cel-java and @bufbuild/cel, which write UTC;
# getDate, too, is in UTC in all four. June 30, 11:30 p.m. in Denver is in June by its text and in July by its date.
# Takes Go, Java, mvn, node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @bufbuild/cel@0.6.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>dev.cel</groupId><artifactId>cel</artifactId><version>0.9.1</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > expressions <<'END'
timestamp("2026-06-30T23:30:00-06:00") == timestamp("2026-07-01T05:30:00Z")
string(timestamp("2026-06-30T23:30:00-06:00")) == string(timestamp("2026-07-01T05:30:00Z"))
string(timestamp("2026-06-30T23:30:00-06:00")).startsWith("2026-06")
timestamp("2026-06-30T23:30:00-06:00").getMonth() == 5
string(timestamp("2026-06-30T23:30:00-06:00") + duration("0s")).startsWith("2026-06")
END
cat > main.go <<'END'
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	environment, err := cel.NewEnv()
	check(err)
	file, err := os.Open("expressions")
	check(err)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		expression, issues := environment.Compile(lines.Text())
		check(issues.Err())
		program, err := environment.Program(expression)
		check(err)
		value, _, err := program.Eval(cel.NoVars())
		check(err)
		fmt.Println(value.Value())
	}
}
END
go mod init example 2>/dev/null
go get github.com/google/cel-go/cel@v0.31.0 2>/dev/null
go run . > answers-go
cat > Try.java <<'END'
import dev.cel.bundle.*;
import java.nio.file.*;

class Try {
    public static void main(String[] arguments) throws Exception {
        Cel cel = CelFactory.standardCelBuilder().build();
        for (String expression : Files.readAllLines(Path.of("expressions")))
            System.out.println(cel.createProgram(cel.compile(expression).getAst()).eval());
    }
}
END
java -cp 'lib/*' Try.java > answers-java
cat > try.mjs <<'END'
import fs from "fs";
import {run} from "@bufbuild/cel";
for (const line of fs.readFileSync("expressions", "utf8").trim().split("\n")) console.log(run(line, {}));
END
node try.mjs > answers-javascript
cat > try.py <<'END'
import celpy

environment = celpy.Environment()
for line in open("expressions"):
    print(str(bool(environment.program(environment.compile(line)).evaluate({}))).lower())
END
venv/bin/python try.py > answers-python
echo "cel-go 0.31.0, cel-python 0.5.0, cel-java 0.9.1, @bufbuild/cel 0.6.1 on node $(node --version)"
{
    echo "expression|Go|Python|Java|JavaScript"
    paste -d '|' expressions answers-go answers-python answers-java answers-javascript
} | tee output
cat > expected <<'END'
expression|Go|Python|Java|JavaScript
timestamp("2026-06-30T23:30:00-06:00") == timestamp("2026-07-01T05:30:00Z")|true|true|true|true
string(timestamp("2026-06-30T23:30:00-06:00")) == string(timestamp("2026-07-01T05:30:00Z"))|false|false|true|true
string(timestamp("2026-06-30T23:30:00-06:00")).startsWith("2026-06")|true|true|false|false
timestamp("2026-06-30T23:30:00-06:00").getMonth() == 5|false|false|false|false
string(timestamp("2026-06-30T23:30:00-06:00") + duration("0s")).startsWith("2026-06")|true|true|false|false
END
diff expected output && echo "Equal moments should have one text."
