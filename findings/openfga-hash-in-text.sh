#!/bin/sh
# OpenFGA's modeling language takes "#7" for a comment in the text "Room #7", and drops a line of a longer text.
#
# A condition of a model is an expression of CEL, whose texts may have any character, and OpenFGA's language has "#"
# for comments. Its transformer cuts a line at " #" before it reads it, so a text with a blank and "#" is a syntax
# error, in a pattern too. It writes such a model, which JSON and the API allow, in a form that it cannot read. In a
# text of three lines a line that begins with "#" is lost without an error, and the condition compares with another
# text. "//" in a text, which is CEL's own comment, stays, and so does "#" without a blank. cel-python reads all of
# them. Takes node, npm and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @openfga/syntax-transformer@0.2.2 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0
cat > expressions <<'END'
place == "Room 7"
place == "Room#7"
place == "Room // 7"
place == "Room #7"
place.matches("^Room #[0-9]+$")
place == """Room\n#7\nEast"""
END
cat > try.cjs <<'END'
const fs = require("fs");
const {transformer} = require("@openfga/syntax-transformer");
const model = (expression) => `model
  schema 1.1

type user

type door
  relations
    define opens: [user with here]

condition here(place: string) {
  ${expression}
}
`;
const read = (text) => {
    try {
        return transformer.transformDSLToJSONObject(text);
    } catch (error) {
        return null;
    }
};
for (const line of fs.readFileSync("expressions", "utf8").trim().split("\n")) {
    const expression = line.replaceAll("\\n", "\n");
    const found = read(model(expression))?.conditions.here.expression;
    const json = read(model("true"));
    json.conditions.here.expression = expression;
    const again = read(transformer.transformJSONToDSL(json))?.conditions.here.expression === expression;
    const other = `read as ${JSON.stringify(found)}`;
    const answer = found === undefined ? "refused" : found === expression ? "read" : other;
    console.log(`${answer}, ${again ? "read" : "not read"} as it is written from JSON`);
}
END
cat > try.py <<'END'
import celpy

for line in open("expressions"):
    text = line.strip().replace("\\n", "\n")
    celpy.Environment().compile(text)
    print("read by CEL")
END
node try.cjs > openfga
venv/bin/python try.py > cel
echo "@openfga/syntax-transformer 0.2.2 on node $(node --version), cel-python 0.5.0"
paste -d '|' expressions openfga cel | tee output
cat > expected <<'END'
place == "Room 7"|read, read as it is written from JSON|read by CEL
place == "Room#7"|read, read as it is written from JSON|read by CEL
place == "Room // 7"|read, read as it is written from JSON|read by CEL
place == "Room #7"|refused, not read as it is written from JSON|read by CEL
place.matches("^Room #[0-9]+$")|refused, not read as it is written from JSON|read by CEL
place == """Room\n#7\nEast"""|read as "place == \"\"\"Room\n\nEast\"\"\"", not read as it is written from JSON|read by CEL
END
diff expected output && echo "A text should stay a text, whatever stands in it."
