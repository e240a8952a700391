#!/bin/sh
# AuthzForce calls two days equal that begin six hours apart; AT&T's XACML engine calls a moment earlier than itself.
#
# By XACML 3.0 §A.3.1 date-equal and dateTime-equal are XQuery's functions, and by §A.3.8 `greater` and `less` follow
# the order of XML Schema: a day is where it begins, and June 30 begins six hours later in Denver than in UTC.
# AuthzForce moves a date to UTC and drops the hours, so the two days are equal and neither is later. AT&T's engine has
# days right, and two texts of one moment wrong: `equal` is false and `less-than` is true. One policy about a last day
# decides by the engine. Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if the behavior
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in com.att.research.xacml:xacml-pdp:4.0.0 org.ow2.authzforce:authzforce-ce-core-pdp-engine:21.0.1; do
    group=${package%%:*} artifact=${package#*:} version=${package##*:}
    artifact=${artifact%:*}
    cat > pom.xml <<END
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>
  </dependency></dependencies>
</project>
END
    mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory="$artifact" >/dev/null 2>&1
done
echo '<configuration/>' > logback.xml
cat > policy.xml <<'END'
<Policy xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" PolicyId="compared" Version="1.0"
    RuleCombiningAlgId="urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:deny-unless-permit">
  <Target/>
  <Rule RuleId="compared" Effect="Permit"><Condition>
    <Apply FunctionId="urn:oasis:names:tc:xacml:1.0:function:FUNCTION">
      <AttributeValue DataType="http://www.w3.org/2001/XMLSchema#TYPE">FIRST</AttributeValue>
      <AttributeValue DataType="http://www.w3.org/2001/XMLSchema#TYPE">SECOND</AttributeValue>
    </Apply>
  </Condition></Rule>
</Policy>
END
cat > request.xml <<'END'
<Request xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" CombinedDecision="false" ReturnPolicyIdList="false">
  <Attributes Category="urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"/>
</Request>
END
cat > comparisons <<'END'
date-equal 2026-06-30-06:00 2026-06-30-06:00
date-equal 2026-06-30-06:00 2026-06-30Z
date-greater-than 2026-06-30-06:00 2026-06-30Z
dateTime-less-than 2026-06-30T20:00:00-06:00 2026-06-30T22:00:00Z
dateTime-equal 2026-06-30T16:00:00-06:00 2026-06-30T22:00:00Z
dateTime-less-than 2026-06-30T16:00:00-06:00 2026-06-30T22:00:00Z
END
cat > Policies.java <<'END'
import java.nio.file.*;

class Policies {
    /** Writes the policy for one comparison, and gives where. */
    static Path write(String line) throws Exception {
        String[] words = line.split(" ");
        String policy = Files.readString(Path.of("policy.xml"));
        return Files.writeString(Path.of("tried.xml"),
            policy.replace("FUNCTION", words[0]).replace("TYPE", words[0].split("-")[0])
                .replace("FIRST", words[1]).replace("SECOND", words[2])).toAbsolutePath();
    }
}
END
cat > Att.java <<'END'
import com.att.research.xacml.api.pdp.*;
import com.att.research.xacml.std.dom.DOMRequest;
import com.att.research.xacml.util.XACMLProperties;
import java.io.*;
import java.nio.file.*;
import java.util.Properties;

class Att {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of("comparisons"))) {
            Properties properties = new Properties();
            try (InputStream defaults = XACMLProperties.class.getResourceAsStream("/xacml.properties")) {
                properties.load(defaults);
            }
            properties.setProperty("xacml.rootPolicies", "root");
            properties.setProperty("root.file", Policies.write(line).toString());
            properties.setProperty("xacml.referencedPolicies", "");
            properties.setProperty("xacml.pip.engines", "");
            PDPEngine engine = PDPEngineFactory.newInstance("com.att.research.xacmlatt.pdp.ATTPDPEngineFactory")
                .newEngine(properties);
            System.out.println(
                engine.decide(DOMRequest.load(new File("request.xml"))).getResults().iterator().next().getDecision());
        }
    }
}
END
cat > Authzforce.java <<'END'
import java.nio.file.*;
import org.ow2.authzforce.core.pdp.api.CloseablePdpEngine;
import org.ow2.authzforce.core.pdp.impl.*;

class Authzforce {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of("comparisons"))) {
            Path settings = Files.writeString(Path.of("pdp.xml"), """
                <pdp xmlns="http://authzforce.github.io/core/xmlns/pdp/8" version="8.1"
                    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
                  <policyProvider id="root" xsi:type="StaticPolicyProvider">
                    <policyLocation>%s</policyLocation>
                  </policyProvider>
                  <rootPolicyRef policySet="false">compared</rootPolicyRef>
                </pdp>""".formatted(Policies.write(line).toUri()));
            try (CloseablePdpEngine engine = new BasePdpEngine(
                    PdpEngineConfiguration.getInstance(settings.toUri().toString()))) {
                System.out.println(engine.evaluate(engine.newRequestBuilder(0, 0).build(false)).getDecision().value());
            }
        }
    }
}
END
for engine in Att:xacml-pdp Authzforce:authzforce-ce-core-pdp-engine; do
    mkdir "${engine%:*}"
    javac -cp "${engine#*:}/*" -d "${engine%:*}" "${engine%:*}.java" Policies.java
    java -Dlogback.configurationFile=logback.xml -cp "${engine%:*}:${engine#*:}/*" "${engine%:*}" \
        > "answers-${engine%:*}" 2>errors || { cat errors; exit 1; }
done
echo "AT&T XACML 4.0.0, AuthzForce 21.0.1"
{ echo "function, first, second|AT&T|AuthzForce"; paste -d "|" comparisons answers-*; } | tee output
cat > expected <<'END'
function, first, second|AT&T|AuthzForce
date-equal 2026-06-30-06:00 2026-06-30-06:00|Permit|Permit
date-equal 2026-06-30-06:00 2026-06-30Z|Deny|Permit
date-greater-than 2026-06-30-06:00 2026-06-30Z|Permit|Deny
dateTime-less-than 2026-06-30T20:00:00-06:00 2026-06-30T22:00:00Z|Deny|Deny
dateTime-equal 2026-06-30T16:00:00-06:00 2026-06-30T22:00:00Z|Deny|Permit
dateTime-less-than 2026-06-30T16:00:00-06:00 2026-06-30T22:00:00Z|Permit|Deny
END
diff expected output && echo "The days begin six hours apart, and the last two lines compare one moment."
