#!/bin/sh
# SCIMMY's `not` on an attribute of many values finds people whom it should leave out, and leaves out others.
#
# By RFC 7644 §3.4.2.2 `not (x)` holds where x does not. `groups.value eq "7"` holds for a person with a group 7, so
# its negation finds those without it, people with no group among them; scim2-parse-filter answers so. SCIMMY negates
# the comparison of each value. Takes node and npm; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts scim2-parse-filter@0.2.10 scimmy@1.3.5 >/dev/null
cat > try.mjs <<'END'
import {filter, parse} from "scim2-parse-filter";
import SCIMMY from "scimmy";
const people = [
    {userName: "both", groups: [{value: "7"}, {value: "8"}]},
    {userName: "seven", groups: [{value: "7"}]},
    {userName: "eight", groups: [{value: "8"}]},
    {userName: "none", groups: []},
];
const names = (found) => found.map(({userName}) => userName).join();
for (const text of ['groups.value eq "7"', 'not (groups.value eq "7")']) {
    console.log(text);
    console.log("  scim2-parse-filter", names(people.filter(filter(parse(text)))));
    console.log("  SCIMMY", names(new SCIMMY.Types.Filter(text).match(people)));
}
END
echo "scimmy 1.3.5 and scim2-parse-filter 0.2.10 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
groups.value eq "7"
  scim2-parse-filter both,seven
  SCIMMY both,seven
not (groups.value eq "7")
  scim2-parse-filter eight,none
  SCIMMY both,eight
END
diff expected output && echo "SCIMMY finds a person in groups 7 and 8 by both filters, and one without groups by neither."
