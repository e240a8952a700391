#!/bin/sh
# UnboundID's LDAP SDK takes half an hour, as a directory may write it, for half a second, and refuses a comma.
#
# By RFC 4517 §3.3.13 a Generalized Time may leave out minutes and seconds; a fraction, after a point or a comma, is
# one of the last unit that is there, so 2026063023.5Z is half past eleven. The SDK's decodeGeneralizedTime counts each
# fraction as one of a second; Apache's LDAP API and ldap3 for Python agree with the RFC. By the SDK's matching rule the
# two spellings of half past eleven are two moments. An account then ends half an hour early. Takes Java,
# mvn and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ldap3==2.9.1
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.unboundid</groupId><artifactId>unboundid-ldapsdk</artifactId><version>7.0.3</version>
    </dependency>
    <dependency>
      <groupId>org.apache.directory.api</groupId><artifactId>api-util</artifactId><version>2.1.7</version>
    </dependency>
  </dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > values <<'END'
20260630233000Z
202606302330Z
20260630233000.5Z
2026063023.5Z
202606302330.25Z
20260630233000,5Z
END
cat > Try.java <<'END'
import com.unboundid.ldap.matchingrules.GeneralizedTimeMatchingRule;
import com.unboundid.asn1.ASN1OctetString;
import com.unboundid.util.StaticUtils;
import java.nio.file.*;
import org.apache.directory.api.util.GeneralizedTime;

class Try {
    public static void main(String[] arguments) throws Exception {
        for (String time : Files.readAllLines(Path.of("values"))) {
            String unboundid;
            try {
                unboundid = StaticUtils.decodeGeneralizedTime(time).toInstant().toString();
            } catch (java.text.ParseException error) {
                unboundid = "ParseException";
            }
            System.out.println(unboundid + "|" + new GeneralizedTime(time).getDate().toInstant());
        }
        System.err.println("One moment by the SDK's matching rule: "
            + GeneralizedTimeMatchingRule.getInstance().valuesMatch(
                new ASN1OctetString("20260630233000Z"), new ASN1OctetString("2026063023.5Z")));
    }
}
END
cat > try.py <<'END'
from ldap3.protocol.formatters.formatters import format_time

for line in open("values"):
    print(format_time(line.strip().encode()).isoformat().replace("+00:00", "Z"))
END
java -cp 'lib/*' Try.java > answers-java 2> rule
venv/bin/python try.py > answers-python
echo "UnboundID LDAP SDK 7.0.3, Apache LDAP API 2.1.7, ldap3 2.9.1"
{ echo "time|UnboundID|Apache|ldap3"; paste -d '|' values answers-java answers-python; grep moment rule; } | tee output
cat > expected <<'END'
time|UnboundID|Apache|ldap3
20260630233000Z|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z
202606302330Z|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z
20260630233000.5Z|2026-06-30T23:30:00.500Z|2026-06-30T23:30:00.500Z|2026-06-30T23:30:00.500000Z
2026063023.5Z|2026-06-30T23:00:00.500Z|2026-06-30T23:30:00Z|2026-06-30T23:30:00Z
202606302330.25Z|2026-06-30T23:30:00.250Z|2026-06-30T23:30:15Z|2026-06-30T23:30:15Z
20260630233000,5Z|ParseException|2026-06-30T23:30:00.500Z|2026-06-30T23:30:00.500000Z
One moment by the SDK's matching rule: false
END
diff expected output && echo "The fourth time is half past eleven."
