#!/bin/sh
# UnboundID's SCIM 2 SDK leaves a person active when a patch deactivates the person by the attribute's full name.
#
# By RFC 7644 §3.10 an attribute of a core schema may have the schema's URN in front, and means the same. The SDK takes
# the URN for an extension, adds an object of that name, and reports no error; a filter with the full name finds nobody.
# The URN of an extension works. Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.unboundid.product.scim2</groupId><artifactId>scim2-sdk-common</artifactId><version>5.0.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > Try.java <<'END'
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.unboundid.scim2.common.*;
import com.unboundid.scim2.common.filters.Filter;
import com.unboundid.scim2.common.messages.PatchRequest;
import com.unboundid.scim2.common.utils.*;

class Try {
    static final String USER = "{'schemas': ['urn:ietf:params:scim:schemas:core:2.0:User'], 'active': true}";
    static final String PATCH = "{'schemas': ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], 'Operations': "
        + "[{'op': 'replace', 'path': '%s', 'value': %s}]}";

    static <T> T read(String text, Class<T> type) throws Exception {
        return JsonUtils.createObjectMapper().readValue(text.replace('\'', '"'), type);
    }

    static void patch(String path, String value) throws Exception {
        GenericScimResource user = new GenericScimResource(read(USER, ObjectNode.class));
        read(String.format(PATCH, path, value), PatchRequest.class).apply(user);
        user.getObjectNode().remove("schemas");
        System.out.println("replace " + path + "\n    " + user.getObjectNode());
    }

    public static void main(String[] arguments) throws Exception {
        patch("active", "false");
        patch("urn:ietf:params:scim:schemas:core:2.0:User:active", "false");
        patch("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "'7'");
        for (String name : new String[] {"active", "urn:ietf:params:scim:schemas:core:2.0:User:active"}) {
            Filter filter = Filter.fromString(name + " eq true");
            System.out.println(filter + "\n    " + FilterEvaluator.evaluate(filter, read(USER, ObjectNode.class)));
        }
    }
}
END
echo "UnboundID SCIM 2 SDK 5.0.0"
java -cp 'lib/*' Try.java 2>/dev/null | tee output
cat > expected <<'END'
replace active
    {"active":false}
replace urn:ietf:params:scim:schemas:core:2.0:User:active
    {"active":true,"urn:ietf:params:scim:schemas:core:2.0:User":{"active":false}}
replace urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department
    {"active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"7"}}
active eq true
    true
urn:ietf:params:scim:schemas:core:2.0:User:active eq true
    false
END
diff expected output && echo "The second patch should make the person inactive, and the second filter should hold."
