#!/bin/sh
# Apache SCIMple forgets the offset of lastModified, and no filter for what has changed finds anybody.
#
# By RFC 7643 §2.3.5 a DateTime is one of XML Schema, whose offset says which moment it is, and by RFC 7644 §3.4.2.2
# `gt` of two DateTimes is "a chronological comparison". SCIMple reads 5:30 p.m. in Denver and writes 5:30 p.m. without
# an offset. Its filter for resources in memory gives false for `gt`, `lt` and `eq` alike, reports no error, and so
# gives true for each negation. UnboundID's SCIM 2 SDK follows the RFC. A run that asks who has changed since the last
# one is told that nobody has. Takes Java and mvn; works in a folder of its own and removes it. Exits 1 if the behavior
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
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
    "meta": {"resourceType": "User", "lastModified": "2026-06-30T17:30:00-06:00"}}
END
cat > filters <<'END'
meta.lastModified pr
meta.lastModified gt "2026-06-30T23:00:00Z"
meta.lastModified lt "2027-06-30T23:00:00Z"
meta.lastModified eq "2026-06-30T23:30:00Z"
not (meta.lastModified gt "2026-06-30T23:00:00Z")
END
cat > Scimple.java <<'END'
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.*;
import java.util.List;
import org.apache.directory.scim.core.json.ObjectMapperFactory;
import org.apache.directory.scim.core.schema.SchemaRegistry;
import org.apache.directory.scim.spec.filter.*;
import org.apache.directory.scim.spec.resources.ScimUser;

class Scimple {
    public static void main(String[] arguments) throws Exception {
        SchemaRegistry schemas = new SchemaRegistry();
        schemas.addSchema(ScimUser.class, List.of());
        ObjectMapper mapper = ObjectMapperFactory.createObjectMapper(schemas);
        ScimUser user = mapper.readValue(Files.readString(Path.of("user.json")), ScimUser.class);
        for (String filter : Files.readAllLines(Path.of("filters")))
            System.out.println(
                FilterExpressions.inMemory(new Filter(filter), schemas.getSchema(ScimUser.SCHEMA_URI)).test(user));
        System.out.println(mapper.valueToTree(user).at("/meta/lastModified"));
    }
}
END
cat > Unboundid.java <<'END'
import com.fasterxml.jackson.databind.ObjectMapper;
import com.unboundid.scim2.common.types.UserResource;
import com.unboundid.scim2.common.filters.Filter;
import com.unboundid.scim2.common.utils.*;
import java.nio.file.*;

class Unboundid {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = JsonUtils.createObjectMapper();
        UserResource user = mapper.readValue(Files.readString(Path.of("user.json")), UserResource.class);
        for (String filter : Files.readAllLines(Path.of("filters")))
            System.out.println(FilterEvaluator.evaluate(Filter.fromString(filter), mapper.valueToTree(user)));
        System.out.println(mapper.valueToTree(user).at("/meta/lastModified"));
    }
}
END
java -cp 'scim-core/*' Scimple.java > answers-scimple 2>errors || { cat errors; exit 1; }
java -cp 'scim2-sdk-common/*' Unboundid.java > answers-unboundid 2>errors || { cat errors; exit 1; }
echo "lastModified, read and written" >> filters
echo "Apache SCIMple 1.0.0-M1, UnboundID SCIM 2 SDK 5.0.0; lastModified is 2026-06-30T17:30:00-06:00"
{ echo "filter|SCIMple|UnboundID"; paste -d '|' filters answers-scimple answers-unboundid; } | tee output
cat > expected <<'END'
filter|SCIMple|UnboundID
meta.lastModified pr|true|true
meta.lastModified gt "2026-06-30T23:00:00Z"|false|true
meta.lastModified lt "2027-06-30T23:00:00Z"|false|true
meta.lastModified eq "2026-06-30T23:30:00Z"|false|true
not (meta.lastModified gt "2026-06-30T23:00:00Z")|true|false
lastModified, read and written|"2026-06-30T17:30:00"|"2026-06-30T17:30:00-06:00"
END
diff expected output && echo "The person has changed after 23:00 and before the next year."
