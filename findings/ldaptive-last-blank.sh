#!/bin/sh
# ldaptive cuts the last blank off a value in a distinguished name and no longer finds its own spelling of the name equal.
#
# By RFC 4514 §2.4 a blank at the end of a value stands behind a backslash, and "\ " and "\20" are the same (§3). ldaptive
# keeps the blank of "\20" and drops that of "\ ". It writes the first name as the second, so a name that goes through
# `format` comes back as another. A blank in front is kept both ways. UnboundID's SDK finds both pairs equal. Takes Java
# and mvn; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.ldaptive</groupId><artifactId>ldaptive</artifactId><version>2.5.0</version></dependency>
    <dependency><groupId>com.unboundid</groupId><artifactId>unboundid-ldapsdk</artifactId><version>7.0.3</version></dependency>
  </dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
cat > Try.java <<'END'
import com.unboundid.ldap.sdk.DN;
import org.ldaptive.dn.Dn;

public class Try {
    public static void main(String[] arguments) throws Exception {
        String[][] pairs = {{"cn=Staff\\20,dc=dps", "cn=Staff\\ ,dc=dps"}, {"cn=\\20Staff,dc=dps", "cn=\\ Staff,dc=dps"}};
        for (String[] pair : pairs) {
            Dn first = new Dn(pair[0]);
            System.out.println(pair[0] + " and " + pair[1] + ": ldaptive " + first.isSame(new Dn(pair[1]))
                + ", UnboundID " + DN.equals(pair[0], pair[1]));
            System.out.println("  ldaptive writes the first as " + first.format() + ", reads back '"
                + new Dn(first.format()).getRDn().getNameValue().getStringValue() + "', the same name: "
                + first.isSame(new Dn(first.format())));
        }
    }
}
END
echo "ldaptive 2.5.0; UnboundID LDAP SDK 7.0.3"
java -cp 'lib/*' Try.java 2>/dev/null | tee output
cat > expected <<'END'
cn=Staff\20,dc=dps and cn=Staff\ ,dc=dps: ldaptive false, UnboundID true
  ldaptive writes the first as cn=staff\ ,dc=dps, reads back 'staff', the same name: false
cn=\20Staff,dc=dps and cn=\ Staff,dc=dps: ldaptive true, UnboundID true
  ldaptive writes the first as cn=\ staff,dc=dps, reads back ' staff', the same name: true
END
diff expected output && echo "ldaptive drops a blank that is escaped at the end of a value."
