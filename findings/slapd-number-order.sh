#!/bin/sh
# slapd finds nobody by an order of employee numbers, nor by its negation; UnboundID's in-memory directory finds both.
#
# RFC 2798 §2.4 gives employeeNumber a rule for equality and one for substrings, and none for order; `>=` is then
# Undefined (RFC 4511 §4.5.1.7), and `not` of Undefined too, so the two searches together miss everyone, and the answer
# is success with no entry. The same holds for sn and cn. The in-memory directory of UnboundID's LDAP SDK, which is
# made for tests, compares them as text: tests pass for a query that finds nobody in production. Takes Debian's
# slapd 2.5, ldapsearch, Java and mvn; works in a folder of its own and removes it. Exits 1 if the behavior changes, 2
# without slapd 2.5.
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
directory $folder/data
END
cat > people.ldif <<'END'
dn: dc=x
objectClass: organization
objectClass: dcObject
o: x

dn: cn=a,dc=x
objectClass: inetOrgPerson
sn: Adams
employeeNumber: 0900

dn: cn=b,dc=x
objectClass: inetOrgPerson
sn: Baker
employeeNumber: 1200
END
cat > filters <<'END'
(&(objectClass=person)(employeeNumber=1200))
(&(objectClass=person)(employeeNumber>=1000))
(&(objectClass=person)(!(employeeNumber>=1000)))
(&(objectClass=person)(sn>=B))
END
cat > Try.java <<'END'
import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.sdk.*;
import java.nio.file.*;

class Try {
    public static void main(String[] arguments) throws Exception {
        InMemoryDirectoryServer directory = new InMemoryDirectoryServer("dc=x");
        directory.importFromLDIF(true, "people.ldif");
        for (String filter : Files.readAllLines(Path.of("filters"))) {
            StringBuilder found = new StringBuilder("UnboundID " + filter + ":");
            for (SearchResultEntry entry : directory.search("dc=x", SearchScope.SUB, filter).getSearchEntries())
                found.append(" " + entry.getDN());
            System.out.println(found);
        }
    }
}
END
"$(dirname "$slapd")/slapadd" -q -f slapd.conf -l people.ldif
socket="ldapi://$(printf %s "$folder/socket" | sed 's|/|%2F|g')"
"$slapd" -d 0 -f slapd.conf -h "$socket" & pid=$!
until ldapsearch -x -LLL -H "$socket" -b dc=x -s base 1.1 >/dev/null 2>&1; do
    kill -0 "$pid" || exit 1
    sleep 0.1
done
echo "$("$slapd" -VV 2>&1 | grep -o 'slapd 2[0-9.]*'); UnboundID LDAP SDK 7.0.4"
{
    while read -r filter; do
        ldapsearch -x -LLL -H "$socket" -b dc=x "$filter" 1.1 > found
        echo "slapd $filter:$(sed -n 's/^dn:/ /p' found | tr -s '\n ' ' ' | sed 's/ $//')"
    done < filters
    java -cp 'lib/*' Try.java
} | tee output
cat > expected <<'END'
slapd (&(objectClass=person)(employeeNumber=1200)): cn=b,dc=x
slapd (&(objectClass=person)(employeeNumber>=1000)):
slapd (&(objectClass=person)(!(employeeNumber>=1000))):
slapd (&(objectClass=person)(sn>=B)):
UnboundID (&(objectClass=person)(employeeNumber=1200)): cn=b,dc=x
UnboundID (&(objectClass=person)(employeeNumber>=1000)): cn=b,dc=x
UnboundID (&(objectClass=person)(!(employeeNumber>=1000))): cn=a,dc=x
UnboundID (&(objectClass=person)(sn>=B)): cn=b,dc=x
END
diff expected output && echo "Each person has a number at least 1000, or less."
