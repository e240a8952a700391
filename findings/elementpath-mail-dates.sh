#!/bin/sh
# elementpath writes the offset of a mail's date as "UTC-06:00", and cannot read its own text of the moment.
#
# By XPath and XQuery Functions and Operators 3.1 §9.9.1 parse-ietf-date makes an xs:dateTime of "Tue, 30 Jun 2026
# 23:30:00 -0600", as mails, HTTP and logs have it, and the text of an xs:dateTime ends with "-06:00" or "Z"
# (§19.1.2). In elementpath the moment compares well, and its text has "UTC" in front of an offset that was written in
# numbers; with GMT or a name such as MST it is right, so tests with those pass. Saxon writes the text of the
# standard. The next step, a database or a JSON schema, refuses such a text. Takes Java, mvn and python3; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check elementpath==5.1.4
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>net.sf.saxon</groupId><artifactId>Saxon-HE</artifactId><version>12.5</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > expressions <<'END'
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 GMT'))
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 MST'))
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600'))
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 +0000'))
parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600') eq xs:dateTime('2026-07-01T05:30:00Z')
string(xs:dateTime(string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600'))))
END
cat > try.py <<'END'
from xml.etree import ElementTree

import elementpath
from elementpath.xpath31 import XPath31Parser

for expression in open("expressions"):
    try:
        answer = elementpath.select(ElementTree.XML("<a/>"), expression.strip(), parser=XPath31Parser)
    except (elementpath.ElementPathError, ValueError):
        answer = "error"
    print(str(answer).lower() if isinstance(answer, bool) else answer)
END
cat > Try.java <<'END'
import java.nio.file.*;
import net.sf.saxon.s9api.*;

class Try {
    public static void main(String[] arguments) throws Exception {
        XPathCompiler compiler = new Processor(false).newXPathCompiler();
        for (String expression : Files.readAllLines(Path.of("expressions")))
            System.out.println(compiler.evaluateSingle(expression, null).getStringValue());
    }
}
END
venv/bin/python try.py > elementpath
java -cp 'lib/*' Try.java > saxon
echo "elementpath 5.1.4, Saxon-HE 12.5"
paste -d '|' expressions elementpath saxon | tee output
cat > expected <<'END'
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 GMT'))|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 MST'))|2026-06-30T23:30:00-07:00|2026-06-30T23:30:00-07:00
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600'))|2026-06-30T23:30:00UTC-06:00|2026-06-30T23:30:00-06:00
string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 +0000'))|2026-06-30T23:30:00UTC|2026-06-30T23:30:00Z
parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600') eq xs:dateTime('2026-07-01T05:30:00Z')|true|true
string(xs:dateTime(string(parse-ietf-date('Tue, 30 Jun 2026 23:30:00 -0600'))))|error|2026-06-30T23:30:00-06:00
END
diff expected output && echo "The text should have the offset alone, and be read again."
