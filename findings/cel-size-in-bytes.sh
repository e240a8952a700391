#!/bin/sh
# The Rust CEL of common-expression-language counts the bytes of a name for its size, where CEL counts the characters.
#
# By CEL's language definition the size of a string is its number of Unicode code points; cel-python agrees. "Zoë" has
# size 4 in the Rust CEL, so a rule about the length of a name answers by its accents, and two spellings of one name
# differ; `matches` in the same library counts characters, so two rules of one limit disagree. Takes python3; works in
# a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check common-expression-language==0.10.0 cel-python==0.5.0
cat > try.py <<'END'
import cel
import celpy

environment = celpy.Environment()
for expression in (
    'size("Zoe") == 3',
    'size("Zoë") == 3',
    '"Zoë".matches("^.{3}$")',
    '["José Núñez"].exists(name, name.size() > 10)',
    'size("José") == size("Jose")',
):
    python = bool(environment.program(environment.compile(expression)).evaluate({}))
    print(f"{expression}: Rust {cel.evaluate(expression, {})}, Python {python}")
END
echo "common-expression-language 0.10.0, cel-python 0.5.0"
venv/bin/python try.py | tee output
cat > expected <<'END'
size("Zoe") == 3: Rust True, Python True
size("Zoë") == 3: Rust False, Python True
"Zoë".matches("^.{3}$"): Rust True, Python True
["José Núñez"].exists(name, name.size() > 10): Rust True, Python False
size("José") == size("Jose"): Rust False, Python True
END
diff expected output && echo "The answers of Python are those of CEL."
