#!/bin/sh
# scim-patch and UnboundID's SCIM 2 SDK leave two primary e-mail addresses where a patch makes another one primary.
#
# RFC 7644 §3.5.2: a PATCH that sets a value's "primary" to true "SHALL cause the server to automatically set 'primary'
# to 'false' for any other values". scim2-models does so. A rule or a message that takes the primary address then has
# two, in the old order. Takes Java, mvn, node, npm and python3; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scim-patch@0.8.3 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scim2-models==0.12.3
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.unboundid.product.scim2</groupId><artifactId>scim2-sdk-common</artifactId><version>5.0.0</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > user.json <<'END'
{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "jo", "emails": [
    {"type": "home", "value": "jo@example.net", "primary": true}, {"type": "work", "value": "jo@example.org"}]}
END
cat > patch.json <<'END'
{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
    {"op": "replace", "path": "emails[type eq \"work\"].primary", "value": true}]}
END
cat > Try.java <<'END'
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.unboundid.scim2.common.GenericScimResource;
import com.unboundid.scim2.common.messages.PatchRequest;
import com.unboundid.scim2.common.utils.JsonUtils;
import java.io.File;

class Try {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = JsonUtils.createObjectMapper();
        GenericScimResource user = new GenericScimResource((ObjectNode) json.readTree(new File("user.json")));
        json.readValue(new File("patch.json"), PatchRequest.class).apply(user);
        for (JsonNode email : user.getObjectNode().get("emails"))
            System.out.println("UnboundID: " + email.get("type").asText() + " " + email.get("primary"));
    }
}
END
cat > try.mjs <<'END'
import fs from "fs";
import {scimPatch} from "scim-patch";
const read = (name) => JSON.parse(fs.readFileSync(name, "utf8"));
const user = scimPatch(read("user.json"), read("patch.json").Operations);
for (const {type, primary} of user.emails) console.log("scim-patch:", type, primary);
END
cat > try.py <<'END'
from scim2_models import Context, PatchOp, User

user = User.model_validate_json(open("user.json").read())
PatchOp[User].model_validate_json(open("patch.json").read(), scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(user)
for email in user.emails:
    print("scim2-models:", email.type, str(email.primary).lower())
END
echo "scim-patch 0.8.3 on node $(node --version); UnboundID SCIM 2 SDK 5.0.0; scim2-models 0.12.3"
{
    node try.mjs
    java -cp 'lib/*' Try.java 2>/dev/null
    venv/bin/python try.py
} | tee output
cat > expected <<'END'
scim-patch: home true
scim-patch: work true
UnboundID: home true
UnboundID: work true
scim2-models: home false
scim2-models: work true
END
diff expected output && echo "One address should be primary."
