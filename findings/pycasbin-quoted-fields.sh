#!/bin/sh
# pycasbin does not read quotes in a policy file of CSV, and node-casbin does: one file, two policies.
#
# Casbin's documentation puts a field with a comma in double quotes and doubles a quote in it, as RFC 4180 §2 does.
# The role "Principal, Acting" stops pycasbin; a role with quotes and parentheses loads and allows nobody. Takes
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
r = role, place
[policy_definition]
p = role, place
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role && r.place == p.place
END
echo 'p, Principal, 210' > plain.csv
echo 'p, "Principal, Acting", 210' > comma.csv
echo 'p, "Principal (Main, ""Acting"")", 210' > quote.csv
cat > try.py <<'END'
import casbin

for file, role, place in (
    ("plain.csv", "Principal", "210"),
    ("comma.csv", "Principal, Acting", "210"),
    ("quote.csv", 'Principal (Main, "Acting")', "210"),
):
    try:
        print(f"pycasbin, {file}: allowed {casbin.Enforcer('model.conf', file).enforce(role, place)}".lower())
    except RuntimeError as error:
        print(f"pycasbin, {file}: {error}")
END
cat > try.mjs <<'END'
import {newEnforcer} from "casbin";
const asked = {
    "plain.csv": ["Principal", "210"],
    "comma.csv": ["Principal, Acting", "210"],
    "quote.csv": ['Principal (Main, "Acting")', "210"],
};
for (const [file, request] of Object.entries(asked)) {
    const enforcer = await newEnforcer("model.conf", file);
    console.log(`node-casbin, ${file}: allowed ${await enforcer.enforce(...request)}`);
}
END
echo "pycasbin 2.8.0; casbin 5.51.1 on node $(node --version)"
{ node try.mjs; venv/bin/python try.py; } | tee output
cat > expected <<'END'
node-casbin, plain.csv: allowed true
node-casbin, comma.csv: allowed true
node-casbin, quote.csv: allowed true
pycasbin, plain.csv: allowed true
pycasbin, comma.csv: invalid policy size
pycasbin, quote.csv: allowed false
END
diff expected output && echo "pycasbin should allow all three, as node-casbin does."
