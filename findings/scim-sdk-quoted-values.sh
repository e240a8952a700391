#!/bin/sh
# SCIM-SDK for Java and SCIMMY find nobody by a filter value with an escape; the SDK also refuses the empty value.
#
# A value in a filter is a JSON string (RFC 7644 §3.4.2.2 with RFC 7159), so "\"", "\\" and "\u00e9" stand for one
# character each, and "" is a value. Both compare the letters of the escape themselves, and SCIMMY refuses a quotation
# mark within. A client that writes names with a JSON library, as it should, learns that Jo "JJ" Lee or René Lee has no
# account, and may create another. Takes Java, mvn, node and npm; works in a folder of its own and removes it. Exits 1
# if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>de.captaingoldfish</groupId><artifactId>scim-sdk-server</artifactId><version>1.30.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version></dependency>
  </dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts scimmy@1.3.5 >/dev/null
cat > people.json <<'END'
[{"userName": "1", "displayName": "Jo \"JJ\" Lee"}, {"userName": "2", "displayName": "Staff\\Lee"},
 {"userName": "3", "displayName": "René Lee"}, {"userName": "4", "displayName": "Ann Lee"}]
END
cat > filters <<'END'
displayName eq "Ann Lee"
displayName eq "Jo \"JJ\" Lee"
displayName eq "Staff\\Lee"
displayName eq "René Lee"
displayName eq "Ren\u00e9 Lee"
displayName ne ""
END
cat > Try.java <<'END'
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.constants.enums.SortOrder;
import de.captaingoldfish.scim.sdk.common.resources.ServiceProvider;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.FilterConfig;
import de.captaingoldfish.scim.sdk.common.response.ScimResponse;
import de.captaingoldfish.scim.sdk.common.schemas.SchemaAttribute;
import de.captaingoldfish.scim.sdk.server.endpoints.Context;
import de.captaingoldfish.scim.sdk.server.endpoints.ResourceEndpoint;
import de.captaingoldfish.scim.sdk.server.endpoints.ResourceHandler;
import de.captaingoldfish.scim.sdk.server.endpoints.base.UserEndpointDefinition;
import de.captaingoldfish.scim.sdk.server.filter.FilterNode;
import de.captaingoldfish.scim.sdk.server.response.PartialListResponse;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

public class Try {
    static class Users extends ResourceHandler<User> {
        private final List<User> users = new ArrayList<>();

        @Override public User createResource(User user, Context context) {
            user.setId(user.getUserName().get());
            user.getMeta().get().setCreated(Instant.EPOCH);
            user.getMeta().get().setLastModified(Instant.EPOCH);
            users.add(user);
            return user;
        }
        @Override public User getResource(String id, List<SchemaAttribute> with, List<SchemaAttribute> without, Context context) {
            return users.stream().filter(user -> user.getId().get().equals(id)).findFirst().orElse(null);
        }
        @Override public PartialListResponse<User> listResources(long start, int count, FilterNode filter, SchemaAttribute by,
                SortOrder order, List<SchemaAttribute> with, List<SchemaAttribute> without, Context context) {
            return PartialListResponse.<User>builder().resources(users).totalResults(users.size()).build();
        }
        @Override public User updateResource(User user, Context context) { return user; }
        @Override public void deleteResource(String id, Context context) { }
    }

    public static void main(String[] arguments) throws Exception {
        ResourceEndpoint endpoint = new ResourceEndpoint(ServiceProvider.builder()
            .filterConfig(FilterConfig.builder().supported(true).maxResults(10).build()).build());
        endpoint.registerEndpoint(new UserEndpointDefinition(new Users())).getFeatures().setAutoFiltering(true);
        Map<String, String> headers = Map.of("Content-Type", "application/scim+json");
        ObjectMapper json = new ObjectMapper();
        for (JsonNode person : json.readTree(Path.of("people.json").toFile())) {
            String body = "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"]," + person.toString().substring(1);
            endpoint.handleRequest("https://example.org/scim/v2/Users", HttpMethod.POST, body, headers, null);
        }
        for (String filter : Files.readAllLines(Path.of("filters"))) {
            String query = "?filter=" + URLEncoder.encode(filter, StandardCharsets.UTF_8);
            ScimResponse answer = endpoint.handleRequest("https://example.org/scim/v2/Users" + query, HttpMethod.GET, null, headers, null);
            List<String> found = new ArrayList<>();
            answer.path("Resources").forEach(user -> found.add(user.path("userName").asText()));
            System.out.println("SCIM-SDK " + (answer.getHttpStatus() == 200 ? found : "HTTP " + answer.getHttpStatus()) + "  " + filter);
        }
    }
}
END
cat > try.mjs <<'END'
import fs from "fs";
import SCIMMY from "scimmy";
const people = JSON.parse(fs.readFileSync("people.json", "utf-8"));
for (const filter of fs.readFileSync("filters", "utf-8").trim().split("\n")) {
  let found;
  try {
    found = `[${new SCIMMY.Types.Filter(filter).match(people).map((user) => user.userName).join(", ")}]`;
  } catch (error) {
    found = `HTTP ${error.status}`;
  }
  console.log(`SCIMMY   ${found}  ${filter}`);
}
END
echo "SCIM-SDK 1.30.0; SCIMMY 1.3.5 on node $(node --version)"
{ java -cp 'lib/*' Try.java 2>/dev/null; node try.mjs; } | tee output
cat > expected <<'END'
SCIM-SDK [4]  displayName eq "Ann Lee"
SCIM-SDK []  displayName eq "Jo \"JJ\" Lee"
SCIM-SDK []  displayName eq "Staff\\Lee"
SCIM-SDK [3]  displayName eq "René Lee"
SCIM-SDK []  displayName eq "Ren\u00e9 Lee"
SCIM-SDK HTTP 400  displayName ne ""
SCIMMY   [4]  displayName eq "Ann Lee"
SCIMMY   HTTP 400  displayName eq "Jo \"JJ\" Lee"
SCIMMY   []  displayName eq "Staff\\Lee"
SCIMMY   [3]  displayName eq "René Lee"
SCIMMY   []  displayName eq "Ren\u00e9 Lee"
SCIMMY   [1, 2, 3, 4]  displayName ne ""
END
diff expected output && echo "Both take the letters of an escape for the value."
