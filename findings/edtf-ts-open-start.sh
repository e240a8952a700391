#!/bin/sh
# @edtf-ts/core puts an interval with an open start after every day, and before those after its end as well.
#
# In EDTF (ISO 8601-2, level 1) "../2026-06-30" is open at its start and ends on June 30. By the package's own terms
# YES and "definitely" leave no doubt, and no interval can be both before and after a day. For a day after the end
# both are YES; for the end itself, and for a day before it, isAfter is YES while contains is MAYBE. An interval with
# an open end is after the days before it alone, and a start that is not known ("/2026-06-30") makes isAfter UNKNOWN.
# edtf for JavaScript covers the days up to the end. An access without a first day is yet to come and over at once.
# Takes node and npm; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @edtf-ts/core@0.4.2 edtf@4.11.1 >/dev/null
cat > try.mjs <<'END'
import {FuzzyDate} from "@edtf-ts/core";
import edtf from "edtf";

for (const text of ["../2026-06-30", "/2026-06-30", "2026-06-30/.."])
    for (const other of ["2026-01-01", "2026-06-30", "2027-01-01"]) {
        const [interval, day] = [FuzzyDate.parse(text), FuzzyDate.parse(other)];
        const definitely = interval.isDefinitelyBefore(day) && interval.isDefinitelyAfter(day);
        console.log(
            `${text} and ${other}: isBefore ${interval.isBefore(day)}, isAfter ${interval.isAfter(day)}, ` +
            `contains ${interval.contains(day)}, definitely both ${definitely}; edtf covers ${edtf(text).covers(edtf(other))}`,
        );
    }
END
echo "@edtf-ts/core 0.4.2, edtf 4.11.1 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
../2026-06-30 and 2026-01-01: isBefore NO, isAfter YES, contains MAYBE, definitely both false; edtf covers true
../2026-06-30 and 2026-06-30: isBefore NO, isAfter YES, contains MAYBE, definitely both false; edtf covers true
../2026-06-30 and 2027-01-01: isBefore YES, isAfter YES, contains MAYBE, definitely both true; edtf covers false
/2026-06-30 and 2026-01-01: isBefore NO, isAfter UNKNOWN, contains UNKNOWN, definitely both false; edtf covers true
/2026-06-30 and 2026-06-30: isBefore NO, isAfter UNKNOWN, contains UNKNOWN, definitely both false; edtf covers true
/2026-06-30 and 2027-01-01: isBefore YES, isAfter UNKNOWN, contains UNKNOWN, definitely both false; edtf covers false
2026-06-30/.. and 2026-01-01: isBefore NO, isAfter YES, contains MAYBE, definitely both false; edtf covers false
2026-06-30/.. and 2026-06-30: isBefore NO, isAfter NO, contains MAYBE, definitely both false; edtf covers true
2026-06-30/.. and 2027-01-01: isBefore NO, isAfter NO, contains MAYBE, definitely both false; edtf covers true
END
diff expected output && echo "The first interval should be after no day, and before those after its end alone."
