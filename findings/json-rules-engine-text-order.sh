#!/bin/sh
# json-rules-engine orders "9" after "10", though its operators for numbers take both texts as numbers.
#
# `lessThan` and its like are numeric operators: a fact for which parseFloat gives no number meets none of them. So two
# names or two times such as "T08:00" are in no order. A text that begins with a digit passes, and then JavaScript
# compares: two texts letter by letter, a text and a number by value. A feed that writes its counts in quotes gets
# another answer for a limit in quotes than for one without. The operator for lists is as silent: `doesNotContain` is
# false for a fact that is one text. Takes node and npm; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts json-rules-engine@7.3.1 >/dev/null
cat > try.mjs <<'END'
import { Engine } from "json-rules-engine";
for (const [fact, operator, value] of [
  [9, "lessThan", 10], ["9", "lessThan", 10], ["9", "lessThan", "10"], ["9", "greaterThan", "10"],
  ["2026-06-30", "lessThan", "2026-07-01"], ["T08:00", "lessThan", "T09:00"], ["T08:00", "greaterThanInclusive", "T09:00"],
  [["Teacher"], "doesNotContain", "Principal"], ["Teacher", "doesNotContain", "Principal"], ["Teacher", "contains", "Teacher"],
]) {
  const engine = new Engine();
  engine.addRule({ conditions: { all: [{ fact: "fact", operator, value }] }, event: { type: "met" } });
  const met = (await engine.run({ fact })).events.length > 0;
  console.log(JSON.stringify(fact), operator, JSON.stringify(value) + ":", met);
}
END
echo "json-rules-engine 7.3.1 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
9 lessThan 10: true
"9" lessThan 10: true
"9" lessThan "10": false
"9" greaterThan "10": true
"2026-06-30" lessThan "2026-07-01": true
"T08:00" lessThan "T09:00": false
"T08:00" greaterThanInclusive "T09:00": false
["Teacher"] doesNotContain "Principal": true
"Teacher" doesNotContain "Principal": false
"Teacher" contains "Teacher": false
END
diff expected output && echo "A text is a number to the check of json-rules-engine and a text to its comparison."
