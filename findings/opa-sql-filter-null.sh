#!/bin/sh
# The SQL filter that OPA makes of a rule leaves out rows that the rule includes, where a column is NULL.
#
# The Compile API turns `not role == "Teacher"` into `NOT role = 'Teacher'`. OPA's rule is true where the role is null
# or absent; the filter is neither true nor false there, and SQL drops the row: in SQL a comparison with NULL is
# unknown (ISO/IEC 9075-2, three-valued logic). OPA's own filters use NULL for what is undefined (`x = _` is `IS NOT
# NULL`). Takes Go, curl, python3 and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
cat > rule.rego <<'REGO'
package example

include if not input.people.role == "Teacher"
REGO
./opa check --strict rule.rego
./opa run --server --addr unix://opa.sock rule.rego > log 2>&1 &
server=$!
ask() { curl -s --unix-socket opa.sock "$@"; }
until ask -f -o health http://localhost/health; do sleep 0.2; done
ask --header 'Accept: application/vnd.opa.sql.sqlite+json' --data '{"unknowns": ["input.people"]}' \
    http://localhost/v1/compile/example/include > filter.json
for role in '"Teacher"' '"Nurse"' null; do
    ask --data "{\"input\": {\"people\": {\"role\": $role}}}" http://localhost/v1/data/example/include
done > decisions.json
cat > try.py <<'END'
import json
import sqlite3

where = json.load(open("filter.json"))["result"]["query"]
decided = [json.loads(line).get("result", False) for line in open("decisions.json")]
print("filter:", where)
table = sqlite3.connect(":memory:")
table.execute("CREATE TABLE people (role TEXT)")
for role, included in zip(["Teacher", "Nurse", None], decided, strict=True):
    table.execute("DELETE FROM people")
    table.execute("INSERT INTO people VALUES (?)", [role])
    found = table.execute(f"SELECT count(*) FROM people {where}").fetchone()[0] == 1
    print(f"role {role}: the rule says {included}, the filter says {found}")
END
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
python3 try.py | tee output
cat > expected <<'END'
filter: WHERE NOT people.role = 'Teacher'
role Teacher: the rule says False, the filter says False
role Nurse: the rule says True, the filter says True
role None: the rule says True, the filter says False
END
diff expected output && echo "A person without a role is included by the rule and not by its filter."
