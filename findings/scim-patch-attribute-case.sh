#!/bin/sh
# scim-patch adds a second attribute when a patch writes the name of the first in another case.
#
# Attribute names are case insensitive (RFC 7643 §2.1), so "Active" is "active". Replacing "Active" leaves "active"
# unchanged, so the person is both active and inactive; removing "Emails" removes nothing, without an error. Inside a
# value filter scim-patch ignores case. Takes node and npm; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scim-patch@0.8.3 >/dev/null
cat > try.mjs <<'END'
import {scimPatch} from "scim-patch";
for (const operation of [
    {op: "replace", path: "active", value: false},
    {op: "replace", path: "Active", value: false},
    {op: "replace", value: {Active: false}},
    {op: "remove", path: "emails"},
    {op: "remove", path: "Emails"},
    {op: "remove", path: 'emails[Type eq "work"]'},
]) {
    const user = {active: true, emails: [{type: "work", value: "jo@example.org"}]};
    console.log(`${JSON.stringify(operation)}\n    ${JSON.stringify(scimPatch(user, [operation]))}`);
}
END
echo "scim-patch 0.8.3 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
{"op":"replace","path":"active","value":false}
    {"active":false,"emails":[{"type":"work","value":"jo@example.org"}]}
{"op":"replace","path":"Active","value":false}
    {"active":true,"emails":[{"type":"work","value":"jo@example.org"}],"Active":false}
{"op":"replace","value":{"Active":false}}
    {"active":true,"emails":[{"type":"work","value":"jo@example.org"}],"Active":false}
{"op":"remove","path":"emails"}
    {"active":true}
{"op":"remove","path":"Emails"}
    {"active":true,"emails":[{"type":"work","value":"jo@example.org"}]}
{"op":"remove","path":"emails[Type eq \"work\"]"}
    {"active":true}
END
diff expected output && echo "The second, third and fifth patch should do what the first and fourth do."
