#!/bin/sh
# Casbin's regexMatch finds an expression anywhere in the value for Node, and only at its beginning for Python.
#
# Casbin documents regexMatch once for all languages, as a regular expression against any string. With one model and
# one policy the role "Lead Teacher" matches "Teacher" in node-casbin and does not in pycasbin, while "Teacher Aide"
# matches in both. `^` changes the first alone, and only an expression between `^` and `$` means one thing. Takes
# python3, node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycasbin==2.8.0
npm install --silent --no-audit --no-fund --ignore-scripts casbin@5.51.1 >/dev/null
cat > model.conf <<'END'
[request_definition]
r = rule, role
[policy_definition]
p = rule, role
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.rule == p.rule && regexMatch(r.role, p.role)
END
printf 'p, bare, Teacher\np, begin, ^Teacher\np, whole, ^Teacher$\n' > policy.csv
for rule in bare begin whole; do
    for role in Teacher 'Teacher Aide' 'Lead Teacher'; do echo "$rule,$role"; done
done > requests
cat > try.py <<'END'
import casbin

enforcer = casbin.Enforcer("model.conf", "policy.csv")
for request in open("requests"):
    print("allow" if enforcer.enforce(*request.rstrip().split(",")) else "deny")
END
cat > try.mjs <<'END'
import fs from "fs";
import {newEnforcer} from "casbin";
const enforcer = await newEnforcer("model.conf", "policy.csv");
for (const request of fs.readFileSync("requests", "utf8").trim().split("\n"))
    console.log((await enforcer.enforce(...request.split(","))) ? "allow" : "deny");
END
venv/bin/python try.py > python
node try.mjs > node
echo "pycasbin 2.8.0; node-casbin 5.51.1 on node $(node --version)"
{ echo "rule,role|Python|Node"; paste -d '|' requests python node; } | tee output
cat > expected <<'END'
rule,role|Python|Node
bare,Teacher|allow|allow
bare,Teacher Aide|allow|allow
bare,Lead Teacher|deny|allow
begin,Teacher|allow|allow
begin,Teacher Aide|allow|allow
begin,Lead Teacher|deny|deny
whole,Teacher|allow|allow
whole,Teacher Aide|deny|deny
whole,Lead Teacher|deny|deny
END
diff expected output && echo "The bare expression should mean one thing."
