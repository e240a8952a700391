#!/bin/sh
# AT&T's XACML engine finds no time of night between 10 p.m. and 6 a.m.
#
# XACML 3.0 §A.3.8 has time-in-range include both its limits and take the last one for a time "equal to, or later than
# by less than twenty-four hours" the first, so a range may pass midnight. AT&T's engine never finds anything in such
# a range, and has no error; AuthzForce follows the standard. A rule that lets people work, or a change wait, from
# 10 p.m. to 6 a.m. never holds, and the negation of it always does. Takes Java and mvn; works in a folder of its own
# and removes it. Exits 1 if the behavior changes.
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
<Policy xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" PolicyId="night" Version="1.0"
    RuleCombiningAlgId="urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:deny-unless-permit">
  <Target/>
  <Rule RuleId="hours" Effect="Permit"><Condition>
    <Apply FunctionId="urn:oasis:names:tc:xacml:2.0:function:time-in-range">
      <AttributeValue DataType="http://www.w3.org/2001/XMLSchema#time">TIME</AttributeValue>
      <AttributeValue DataType="http://www.w3.org/2001/XMLSchema#time">FIRST</AttributeValue>
      <AttributeValue DataType="http://www.w3.org/2001/XMLSchema#time">LAST</AttributeValue>
    </Apply>
  </Condition></Rule>
</Policy>
END
cat > request.xml <<'END'
<Request xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" CombinedDecision="false" ReturnPolicyIdList="false">
  <Attributes Category="urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"/>
</Request>
END
cat > times <<'END'
12:00:00 08:00:00 17:00:00
17:00:00 08:00:00 17:00:00
18:00:00 08:00:00 17:00:00
22:00:00 22:00:00 06:00:00
23:30:00 22:00:00 06:00:00
05:00:00 22:00:00 06:00:00
12:00:00 22:00:00 06:00:00
END
cat > Policies.java <<'END'
import java.nio.file.*;

class Policies {
    /** Writes the policy for one line of times, and gives where. */
    static Path write(String line) throws Exception {
        String[] times = line.split(" ");
        String policy = Files.readString(Path.of("policy.xml"));
        return Files.writeString(Path.of("tried.xml"),
            policy.replace("TIME", times[0]).replace("FIRST", times[1]).replace("LAST", times[2])).toAbsolutePath();
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
        for (String line : Files.readAllLines(Path.of("times"))) {
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
        for (String line : Files.readAllLines(Path.of("times"))) {
            Path settings = Files.writeString(Path.of("pdp.xml"), """
                <pdp xmlns="http://authzforce.github.io/core/xmlns/pdp/8" version="8.1"
                    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
                  <policyProvider id="root" xsi:type="StaticPolicyProvider">
                    <policyLocation>%s</policyLocation>
                  </policyProvider>
                  <rootPolicyRef policySet="false">night</rootPolicyRef>
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
{ echo "time, first, last|AT&T|AuthzForce"; paste -d '|' times answers-Att answers-Authzforce; } | tee output
cat > expected <<'END'
time, first, last|AT&T|AuthzForce
12:00:00 08:00:00 17:00:00|Permit|Permit
17:00:00 08:00:00 17:00:00|Permit|Permit
18:00:00 08:00:00 17:00:00|Deny|Deny
22:00:00 22:00:00 06:00:00|Deny|Permit
23:30:00 22:00:00 06:00:00|Deny|Permit
05:00:00 22:00:00 06:00:00|Deny|Permit
12:00:00 22:00:00 06:00:00|Deny|Deny
END
diff expected output && echo "Half past eleven at night is between ten and six."
