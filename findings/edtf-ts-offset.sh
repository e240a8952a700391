#!/bin/sh
# @edtf-ts/core reads the offset of a moment and forgets it: 11:30 p.m. in Denver is 11:30 p.m. in UTC.
#
# By EDTF (ISO 8601-2, level 0) a date and time may end with a shift from UTC, as "1985-04-12T23:20:30-04" in its
# examples, and the package says that it supports the levels 0 to 2 completely. It keeps the shift in the text and in
# `timezone`; `min`, `equals`, `isBefore` and all other comparisons take the local time for one in UTC. So a moment is
# before itself in another spelling, and equal to another one six hours away. edtf for JavaScript heeds the shift.
# What changes in the evening has changed before the last run. Takes node and npm; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @edtf-ts/core@0.4.2 edtf@4.11.1 >/dev/null
cat > try.mjs <<'END'
import {FuzzyDate} from "@edtf-ts/core";
import edtf from "edtf";

const denver = "2026-06-30T23:30:00-06:00";
const text = (moment) => moment.toISOString().slice(0, 19) + "Z";
console.log(`${denver} begins at ${text(FuzzyDate.parse(denver).min)}, edtf ${text(new Date(edtf(denver).min))}`);
for (const utc of ["2026-07-01T05:30:00Z", "2026-06-30T23:30:00Z", "2026-07-01T05:00:00Z"]) {
    const [here, there] = [FuzzyDate.parse(denver), FuzzyDate.parse(utc)];
    const edtfs = ["earlier", "equal", "later"][1 + Math.sign(edtf(denver).min - edtf(utc).min)];
    console.log(`and ${utc}: equals ${here.equals(there)}, isBefore ${here.isBefore(there)}, edtf ${edtfs}`);
}
END
echo "@edtf-ts/core 0.4.2, edtf 4.11.1 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
2026-06-30T23:30:00-06:00 begins at 2026-06-30T23:30:00Z, edtf 2026-07-01T05:30:00Z
and 2026-07-01T05:30:00Z: equals NO, isBefore YES, edtf equal
and 2026-06-30T23:30:00Z: equals YES, isBefore NO, edtf later
and 2026-07-01T05:00:00Z: equals NO, isBefore YES, edtf later
END
diff expected output && echo "The moment is equal to the first and later than the others."
