#!/bin/sh
# slapd removes a member by four names that go-ldap and Java's LdapName take for the names of others.
#
# By RFC 4517 §4.2.15 two names are equal when their types are, by whatever name or number, and the values are by the
# rule of the type, for `cn` without regard to case and spaces at the ends or twice (§4.2.11). slapd follows it. go-ldap
# says that EqualFold does too, and looks only at case, as Java's LdapName does; UnboundID's SDK knows the spaces, and
# no other name of a type without a schema. A comparison of members in a client adds one that is there, which slapd
# refuses, or removes a member as a stranger. Takes Debian's slapd 2.5, ldapmodify, Go, Java and mvn; works in a folder
# of its own and removes it. Exits 1 if the behavior changes, 2 without slapd 2.5.
set -eu
slapd=$(PATH=$PATH:/usr/sbin command -v slapd) || { echo "needs slapd"; exit 2; }
"$slapd" -VV 2>&1 | grep -q 'slapd 2\.5\.' || { echo "needs slapd 2.5"; exit 2; }
folder=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; wait "$pid" || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.unboundid</groupId><artifactId>unboundid-ldapsdk</artifactId><version>7.0.4</version>
  </dependency></dependencies>
</project>
END
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null 2>&1
mkdir data
cat > slapd.conf <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix dc=x
rootdn cn=admin,dc=x
rootpw secret
directory $folder/data
END
cat > names <<'END'
cn=Jo Ann,dc=x|CN=jo ann, DC=X
cn=Jo Ann,dc=x|cn=Jo  Ann,dc=x
cn=Jo Ann,dc=x|cn=\20Jo Ann,dc=x
cn=Jo Ann,dc=x|commonName=Jo Ann,dc=x
cn=Jo Ann,dc=x|2.5.4.3=Jo Ann,dc=x
cn=Jo Ann,dc=x|cn=JoAnn,dc=x
END
cat > entries.ldif <<'END'
dn: dc=x
objectClass: organization
objectClass: dcObject
o: x

dn: cn=staff,dc=x
objectClass: groupOfNames
member: cn=other,dc=x
member: cn=Jo Ann,dc=x
END
cat > Try.java <<'END'
import com.unboundid.ldap.sdk.DN;
import java.nio.file.*;
import javax.naming.ldap.LdapName;

class Try {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of("names"))) {
            String[] names = line.split("\\|");
            System.out.println(
                new LdapName(names[0]).equals(new LdapName(names[1])) + "|" + DN.equals(names[0], names[1]));
        }
    }
}
END
cat > main.go <<'END'
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

func main() {
	file, _ := os.Open("names")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		names := strings.Split(lines.Text(), "|")
		first, err := ldap.ParseDN(names[0])
		if err != nil {
			panic(err)
		}
		second, err := ldap.ParseDN(names[1])
		if err != nil {
			panic(err)
		}
		fmt.Println(first.EqualFold(second))
	}
}
END
"$(dirname "$slapd")/slapadd" -q -f slapd.conf -l entries.ldif
socket="ldapi://$(printf %s "$folder/socket" | sed 's|/|%2F|g')"
"$slapd" -d 0 -f slapd.conf -h "$socket" & pid=$!
until ldapsearch -x -LLL -H "$socket" -b dc=x -s base 1.1 >/dev/null 2>&1; do
    kill -0 "$pid" || exit 1
    sleep 0.1
done
change() { ldapmodify -x -H "$socket" -D cn=admin,dc=x -w secret >/dev/null 2>&1; }
while IFS='|' read -r name other; do
    printf 'dn: cn=staff,dc=x\nchangetype: modify\ndelete: member\nmember: %s\n' "$other" | change \
        && printf 'dn: cn=staff,dc=x\nchangetype: modify\nadd: member\nmember: %s\n' "$name" | change \
        && echo true || echo false
done < names > answers-slapd
go mod init example 2>/dev/null
go get github.com/go-ldap/ldap/v3@v3.4.15 2>/dev/null
go run . > answers-go
java -cp 'lib/*' Try.java > answers-java
echo "$("$slapd" -VV 2>&1 | grep -o 'slapd 2[0-9.]*'); go-ldap v3.4.15; UnboundID LDAP SDK 7.0.4"
echo "Java $(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')"
{
    echo "member|removed by|slapd|go-ldap|LdapName|UnboundID"
    paste -d '|' names answers-slapd answers-go answers-java
} | tee output
cat > expected <<'END'
member|removed by|slapd|go-ldap|LdapName|UnboundID
cn=Jo Ann,dc=x|CN=jo ann, DC=X|true|true|true|true
cn=Jo Ann,dc=x|cn=Jo  Ann,dc=x|true|false|false|true
cn=Jo Ann,dc=x|cn=\20Jo Ann,dc=x|true|false|false|true
cn=Jo Ann,dc=x|commonName=Jo Ann,dc=x|true|false|false|false
cn=Jo Ann,dc=x|2.5.4.3=Jo Ann,dc=x|true|false|false|false
cn=Jo Ann,dc=x|cn=JoAnn,dc=x|false|false|false|false
END
diff expected output && echo "The first five are names of one member."
