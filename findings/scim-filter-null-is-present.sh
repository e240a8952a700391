#!/bin/sh
# Three SCIM filters for JavaScript call an attribute present whose value is null, and disagree about who has none.
#
# A null value and an attribute that is absent are the same state (RFC 7643 §2.5), and `pr` finds a value that is not
# null and not empty (RFC 7644 §3.4.2.2). All three find the null and the empty title by `title pr`. By `title eq null`
# SCIMMY finds only who has no attribute, and the others only who has a null. Takes node and npm; works in a folder of
# its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
    scim2-parse-filter@0.2.10 scim-query-filter-parser@2.0.4 scimmy@1.3.5 >/dev/null
cat > try.mjs <<'END'
import {filter, parse} from "scim2-parse-filter";
import {compileFilter} from "scim-query-filter-parser";
import SCIMMY from "scimmy";
const people = [
    {userName: "teacher", title: "Teacher"},
    {userName: "null", title: null},
    {userName: "empty", title: ""},
    {userName: "absent"},
];
const names = (found) => found.map(({userName}) => userName).join();
for (const text of ["title pr", "title eq null"]) {
    console.log(text);
    console.log("  SCIMMY", names(new SCIMMY.Types.Filter(text).match(people)));
    console.log("  scim2-parse-filter", names(people.filter(filter(parse(text)))));
    console.log("  scim-query-filter-parser", names(people.filter(compileFilter(text))));
}
END
echo "scimmy 1.3.5, scim2-parse-filter 0.2.10, scim-query-filter-parser 2.0.4 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
title pr
  SCIMMY teacher,null,empty
  scim2-parse-filter teacher,null,empty
  scim-query-filter-parser teacher,null,empty
title eq null
  SCIMMY absent
  scim2-parse-filter null
  scim-query-filter-parser null
END
diff expected output && echo "\`title pr\` should find the teacher alone, and \`title eq null\` both null and absent."
