#!/bin/sh
# Three SCIM libraries take the family name away where a patch gives the given name, each by other forms of the patch.
#
# By RFC 7644 §3.5.2.3 a patch that replaces a complex attribute leaves sub-attributes that it does not name
# "unchanged", and nothing in §3.5.2.1 lets an addition remove one; for a replacement without a path the RFC names no
# sub-attributes. SCIMple loses the family name in all four forms, SCIMMY where the path is replaced, and scim-patch
# where there is no path. scim2-models and UnboundID's SDK keep it. Clients send any of them; a person without a family
# name then matches nobody in the next file. Takes Java, mvn, node, npm and python3; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scim-patch@0.8.3 scimmy@1.3.5 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scim2-models==0.12.3
for package in org.apache.directory.scimple:scim-core:1.0.0-M1 com.unboundid.product.scim2:scim2-sdk-common:5.0.0; do
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
cat > user.json <<'END'
{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "7", "userName": "jo",
    "name": {"familyName": "Adams"}}
END
cat > operations <<'END'
{"op": "add", "path": "name", "value": {"givenName": "Jo"}}
{"op": "replace", "path": "name", "value": {"givenName": "Jo"}}
{"op": "add", "value": {"name": {"givenName": "Jo"}}}
{"op": "replace", "value": {"name": {"givenName": "Jo"}}}
END
cat > try.mjs <<'END'
import fs from "fs";
import {scimPatch} from "scim-patch";
import SCIMMY from "scimmy";
const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
const read = () => JSON.parse(fs.readFileSync("user.json", "utf8"));
const answers = {"scim-patch": [], scimmy: []};
for (const line of fs.readFileSync("operations", "utf8").trim().split("\n")) {
    answers["scim-patch"].push(scimPatch(read(), [JSON.parse(line)]).name);
    const patch = new SCIMMY.Messages.PatchOp({schemas, Operations: [JSON.parse(line)]});
    answers.scimmy.push((await patch.apply(new SCIMMY.Schemas.User(read()))).name);
}
for (const [library, names] of Object.entries(answers))
    fs.writeFileSync(`answers-${library}`, names.map(name => (name.familyName ?? "lost") + "\n").join(""));
END
cat > try.py <<'END'
import json

from scim2_models import PatchOp, User

for line in open("operations"):
    user = User.model_validate_json(open("user.json").read())
    PatchOp[User].model_validate({"Operations": [json.loads(line)]}).patch(user)
    print(user.name.family_name or "lost")
END
cat > Scimple.java <<'END'
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.*;
import java.util.List;
import org.apache.directory.scim.core.json.ObjectMapperFactory;
import org.apache.directory.scim.core.repository.DefaultPatchHandler;
import org.apache.directory.scim.core.schema.SchemaRegistry;
import org.apache.directory.scim.spec.patch.PatchOperation;
import org.apache.directory.scim.spec.resources.ScimUser;

class Scimple {
    public static void main(String[] arguments) throws Exception {
        SchemaRegistry schemas = new SchemaRegistry();
        schemas.addSchema(ScimUser.class, List.of());
        ObjectMapper mapper = ObjectMapperFactory.createObjectMapper(schemas);
        for (String line : Files.readAllLines(Path.of("operations"))) {
            ScimUser user = mapper.readValue(Files.readString(Path.of("user.json")), ScimUser.class);
            PatchOperation operation = mapper.readValue(line, PatchOperation.class);
            String name = new DefaultPatchHandler(schemas).apply(user, List.of(operation)).getName().getFamilyName();
            System.out.println(name == null ? "lost" : name);
        }
    }
}
END
cat > Unboundid.java <<'END'
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.unboundid.scim2.common.GenericScimResource;
import com.unboundid.scim2.common.messages.PatchOperation;
import com.unboundid.scim2.common.utils.JsonUtils;
import java.nio.file.*;

class Unboundid {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of("operations"))) {
            ObjectNode user = JsonUtils.createObjectMapper()
                .readValue(Files.readString(Path.of("user.json")), ObjectNode.class);
            JsonUtils.createObjectMapper().readValue(line, PatchOperation.class).apply(user);
            System.out.println(user.at("/name/familyName").asText("lost"));
        }
    }
}
END
node try.mjs
venv/bin/python try.py > answers-scim2-models
java -cp 'scim-core/*' Scimple.java > answers-scimple 2>errors || { cat errors; exit 1; }
java -cp 'scim2-sdk-common/*' Unboundid.java > answers-unboundid 2>errors || { cat errors; exit 1; }
echo "scim-patch 0.8.3 and SCIMMY 1.3.5 on node $(node --version), scim2-models 0.12.3,"
echo "Apache SCIMple 1.0.0-M1, UnboundID SCIM 2 SDK 5.0.0; the family name after each operation"
{
    echo "operation|scim-patch|SCIMMY|scim2-models|SCIMple|UnboundID"
    paste -d '|' operations answers-scim-patch answers-scimmy answers-scim2-models answers-scimple answers-unboundid
} | tee output
cat > expected <<'END'
operation|scim-patch|SCIMMY|scim2-models|SCIMple|UnboundID
{"op": "add", "path": "name", "value": {"givenName": "Jo"}}|Adams|Adams|Adams|lost|Adams
{"op": "replace", "path": "name", "value": {"givenName": "Jo"}}|Adams|lost|Adams|lost|Adams
{"op": "add", "value": {"name": {"givenName": "Jo"}}}|lost|Adams|Adams|lost|Adams
{"op": "replace", "value": {"name": {"givenName": "Jo"}}}|lost|Adams|Adams|lost|Adams
END
diff expected output && echo "Nobody has asked to remove the family name."
