#!/bin/sh
# json-schema-library finds an object among the values of `enum` by the order of its keys, and by `const` in any order.
#
# By JSON Schema 2020-12 two objects are equal when each has the members of the other (Core §4.2.2), and an object has
# no order (RFC 8259 §1). `enum` asks for a value equal to one of its own (Validation §6.1.2). json-schema-library,
# which says that it supports 2020-12, refuses the pair of grade and location that another writer put the other way
# round; its `const` and `uniqueItems` follow the standard, so two rules of one schema disagree. ajv and
# @cfworker/json-schema accept it. A list of allowed pairs then depends on who wrote the file. Takes node and npm;
# works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts json-schema-library@11.6.2 @cfworker/json-schema@4.1.6 \
    ajv@8.20.0 >/dev/null
cat > try.mjs <<'END'
import {Validator} from "@cfworker/json-schema";
import Ajv2020 from "ajv/dist/2020.js";
import {compileSchema} from "json-schema-library";

const $schema = "https://json-schema.org/draft/2020-12/schema";
const pair = {grade: "K-5", location: "210"};
const turned = {location: "210", grade: "K-5"};
for (const [schema, value] of [
    [{enum: [pair]}, pair],
    [{enum: [pair]}, turned],
    [{const: pair}, turned],
    [{enum: [[pair]]}, [turned]],
    [{uniqueItems: true}, [pair, turned]],
]) {
    const whole = {$schema, ...schema};
    const answers = {
        "json-schema-library": compileSchema(whole).validate(value).valid,
        cfworker: new Validator(whole, "2020-12").validate(value).valid,
        ajv: new Ajv2020.default({strict: false}).validate(whole, value),
    };
    console.log(JSON.stringify(schema), JSON.stringify(value), JSON.stringify(answers));
}
END
echo "json-schema-library 11.6.2, @cfworker/json-schema 4.1.6, ajv 8.20.0 on node $(node --version)"
node try.mjs | tee output
cat > expected <<'END'
{"enum":[{"grade":"K-5","location":"210"}]} {"grade":"K-5","location":"210"} {"json-schema-library":true,"cfworker":true,"ajv":true}
{"enum":[{"grade":"K-5","location":"210"}]} {"location":"210","grade":"K-5"} {"json-schema-library":false,"cfworker":true,"ajv":true}
{"const":{"grade":"K-5","location":"210"}} {"location":"210","grade":"K-5"} {"json-schema-library":true,"cfworker":true,"ajv":true}
{"enum":[[{"grade":"K-5","location":"210"}]]} [{"location":"210","grade":"K-5"}] {"json-schema-library":false,"cfworker":true,"ajv":true}
{"uniqueItems":true} [{"grade":"K-5","location":"210"},{"location":"210","grade":"K-5"}] {"json-schema-library":false,"cfworker":false,"ajv":false}
END
diff expected output && echo "All should agree, and find the pair in either order."
