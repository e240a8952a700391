#!/bin/sh
# SCIMMY lists a member twice who is added again, as clients do that repeat a request.
#
# RFC 7644 §3.5.2.1: "If the value already exists, no changes SHOULD be made". The handler below keeps what SCIMMY
# makes of the patch and nothing else. Takes node and npm; works in a folder of its own and removes it.
# Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scimmy@1.3.5 >/dev/null
cat > try.mjs <<'END'
import SCIMMY from "scimmy";
let group = {id: "7", displayName: "Staff", members: []};
SCIMMY.Resources.declare(SCIMMY.Resources.Group, {
    egress: () => group,
    ingress: (_, data) => (group = {...JSON.parse(JSON.stringify(data)), id: "7"}),
});
const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
for (let time = 1; time <= 2; time++) {
    const Operations = [{op: "add", path: "members", value: [{value: "1"}]}];
    await new SCIMMY.Resources.Group("7").patch({schemas, Operations});
    console.log(`added ${time} times: members ${JSON.stringify(group.members)}`);
}
END
echo "scimmy 1.3.5 on node $(node --version), the same member added twice to a group"
node try.mjs | tee output
cat > expected <<'END'
added 1 times: members [{"value":"1"}]
added 2 times: members [{"value":"1"},{"value":"1"}]
END
diff expected output && echo "The member is there twice; the second request should change nothing."
