#!/bin/sh
# scim2-parse-filter and scim-query-filter-parser compare dates as text; RFC 7644 compares them as moments.
#
# By §3.4.2.2 "gt" and the others compare a DateTime in chronological order. June 30, 11:30 p.m. in Denver is after
# July 1, 05:10 in UTC, and a second with a fraction is the same second; SCIMMY answers so. A client that asks for
# changes since its last run misses people. Takes node and npm; works in a folder of its own and removes it. Exits 1
# if the behavior changes.
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
const people = ["2026-07-01T05:00:00Z", "2026-06-30T23:30:00-06:00", "2026-07-01T06:00:00.000Z"].map(
    (lastModified, at) => ({id: `${at + 1}`, meta: {lastModified}}),
);
const ids = (found) => found.map(({id}) => id).join() || "nobody";
for (const text of ['meta.lastModified gt "2026-07-01T05:10:00Z"', 'meta.lastModified ge "2026-07-01T06:00:00Z"']) {
    console.log(text);
    console.log("  SCIMMY", ids(new SCIMMY.Types.Filter(text).match(people)));
    console.log("  scim2-parse-filter", ids(people.filter(filter(parse(text)))));
    console.log("  scim-query-filter-parser", ids(people.filter(compileFilter(text))));
}
END
echo "scimmy 1.3.5, scim2-parse-filter 0.2.10, scim-query-filter-parser 2.0.4 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
meta.lastModified gt "2026-07-01T05:10:00Z"
  SCIMMY 2,3
  scim2-parse-filter 3
  scim-query-filter-parser 3
meta.lastModified ge "2026-07-01T06:00:00Z"
  SCIMMY 3
  scim2-parse-filter nobody
  scim-query-filter-parser nobody
END
diff expected output && echo "Both miss a person whom the RFC's comparison finds."
