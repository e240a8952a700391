#!/bin/sh
# scim2-parse-filter joins the type of one address with the value of another; scim2-filter finds nobody by `and`.
#
# By RFC 7644 §3.4.2.2 the filter in brackets holds for one value of the attribute, so `[type eq "work" and value eq …]`
# asks for one address that is both. scim2-parse-filter looks for each part among all values, and for `not` at all of
# them, so it finds who has no group and leaves out who has one of another type. Its parent scim2-filter answers false
# to every `and` and `or`. SCIMMY agrees with the RFC. A direct member of group 7 is found as an indirect one. Takes
# node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
    scim2-parse-filter@0.2.10 scim2-filter@0.2.0 scimmy@1.3.5 >/dev/null
cat > filters <<'END'
emails[type eq "work" and value eq "jo@example.org"]
emails[type eq "work" and value eq "jo@example.net"]
groups[value eq "7" and type eq "indirect"]
groups[not (type eq "direct")]
userName eq "jo" and active eq true
userName eq "jo" or userName eq "al"
userName eq "jo"
END
cat > try.mjs <<'END'
import fs from "fs";
import fork from "scim2-parse-filter";
import parent from "scim2-filter";
import SCIMMY from "scimmy";
const people = [
    {userName: "jo", active: true,
        emails: [{type: "work", value: "jo@example.org"}, {type: "home", value: "jo@example.net"}],
        groups: [{value: "7", type: "direct"}, {value: "8", type: "indirect"}]},
    {userName: "ann", active: true, emails: [{type: "work", value: "jo@example.net"}], groups: []},
];
const names = (found) => found.map(({userName}) => userName).join(" ") || "-";
console.log("filter|scim2-parse-filter|scim2-filter|SCIMMY");
for (const filter of fs.readFileSync("filters", "utf8").trim().split("\n"))
    console.log([filter, names(people.filter(fork.filter(fork.parse(filter)))),
        names(people.filter(parent.filter(parent.parse(filter)))),
        names(new SCIMMY.Types.Filter(filter).match(people))].join("|"));
END
echo "scim2-parse-filter 0.2.10, scim2-filter 0.2.0 and SCIMMY 1.3.5 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
filter|scim2-parse-filter|scim2-filter|SCIMMY
emails[type eq "work" and value eq "jo@example.org"]|jo|-|jo
emails[type eq "work" and value eq "jo@example.net"]|jo ann|-|ann
groups[value eq "7" and type eq "indirect"]|jo|-|-
groups[not (type eq "direct")]|ann|ann|jo
userName eq "jo" and active eq true|jo|-|jo
userName eq "jo" or userName eq "al"|jo|-|jo
userName eq "jo"|jo|jo|jo
END
diff expected output && echo "Jo has one address of work and is a direct member of group 7 alone."
