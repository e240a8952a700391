#!/bin/sh
# SCIMMY answers a startIndex past the end with the first page.
#
# By RFC 7644 §3.4.2.4 startIndex is "the 1-based index of the first query result", so a page past the last one is
# empty; a client that reads until an empty page counts people twice. scimmy-routers serves these answers.
# Takes node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scimmy@1.3.5 >/dev/null
cat > try.mjs <<'END'
import SCIMMY from "scimmy";
const people = ["1", "2", "3"].map((id) => ({id, userName: `user${id}`}));
SCIMMY.Resources.declare(SCIMMY.Resources.User, {egress: () => people, ingress: (_, data) => data});
for (const startIndex of [1, 3, 4, 9]) {
    const page = await new SCIMMY.Resources.User({startIndex, count: 2}).read();
    console.log(`startIndex ${startIndex}: ${page.Resources.map((one) => one.userName)} of ${page.totalResults}`);
}
END
echo "scimmy 1.3.5 on node $(node --version), three users, count 2"
node try.mjs | tee output
cat > expected <<'END'
startIndex 1: user1,user2 of 3
startIndex 3: user3 of 3
startIndex 4: user1,user2 of 3
startIndex 9: user1,user2 of 3
END
diff expected output && echo "Past the end the list begins again; startIndex 4 and 9 should give no user."
