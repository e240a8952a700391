#!/bin/sh
# ldap3's paged_search ends as if complete when the directory stops at its size limit.
#
# The directory answers sizeLimitExceeded (RFC 4511 §4.1.9) after 500 of 1,200 entries, and the loop over
# connection.extend.standard.paged_search ends without an error, with raise_exceptions=True too. Only
# connection.result tells. Takes Debian's slapd 2.5 and python3; works in a folder of its own and removes it.
# Exits 1 if the behavior changes, 2 without slapd 2.5.
set -eu
slapd=$(PATH=$PATH:/usr/sbin command -v slapd) || { echo "needs slapd"; exit 2; }
"$slapd" -VV 2>&1 | grep -q 'slapd 2\.5\.' || { echo "needs slapd 2.5"; exit 2; }
folder=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; wait "$pid" || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ldap3==2.9.1 pyasn1==0.6.1
mkdir data
cat > slapd.conf <<END
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix dc=x
rootdn cn=admin,dc=x
rootpw sample
directory $folder/data
END
{
    printf 'dn: dc=x\nobjectClass: organization\nobjectClass: dcObject\no: x\n\n'
    printf 'dn: cn=reader,dc=x\nobjectClass: person\nsn: reader\nuserPassword: sample\n\n'
    for n in $(seq 1200); do printf 'dn: cn=u%s,dc=x\nobjectClass: person\nsn: u\n\n' "$n"; done
} > people.ldif
"$(dirname "$slapd")/slapadd" -q -f slapd.conf -l people.ldif
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$slapd" -d 0 -f slapd.conf -h "ldap://127.0.0.1:$port" & pid=$!
until venv/bin/python -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do
    kill -0 "$pid" || exit 1
    sleep 0.1
done
cat > try.py <<END
import warnings
warnings.simplefilter("ignore")
import ldap3
server = ldap3.Server("127.0.0.1", $port, get_info=ldap3.NONE)
for raises in (False, True):
    link = ldap3.Connection(server, "cn=reader,dc=x", "sample", auto_bind=True, raise_exceptions=raises)
    found = list(link.extend.standard.paged_search("dc=x", "(sn=u)", attributes=["cn"], paged_size=100))
    print(f"raise_exceptions={raises}: {len(found)} entries, no error; result: {link.result['description']}")
END
echo "ldap3 2.9.1, $("$slapd" -VV 2>&1 | grep -o 'slapd 2[0-9.]*'), 1,200 entries, the default size limit"
venv/bin/python try.py | tee output
cat > expected <<END
raise_exceptions=False: 500 entries, no error; result: sizeLimitExceeded
raise_exceptions=True: 500 entries, no error; result: sizeLimitExceeded
END
diff expected output && echo "500 of 1,200 entries look like all; raise_exceptions=True should raise."
