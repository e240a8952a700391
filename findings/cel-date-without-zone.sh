#!/bin/sh
# The Rust CEL of common-expression-language takes a day from the timestamp's own offset, where CEL takes it in UTC.
#
# By CEL's language definition getDate, getMonth and getHours are in UTC when no zone is named; a timestamp is a
# moment and has no offset. cel-python agrees. June 30, 11:30 p.m. in Denver is July 1 in UTC, so a rule about the end
# of a school year gives two answers. Takes python3; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check common-expression-language==0.10.0 cel-python==0.5.0
cat > try.py <<'END'
import cel
import celpy

moment = "timestamp('2026-06-30T23:30:00-06:00')"
environment = celpy.Environment()
for expression in (
    f"{moment} == timestamp('2026-07-01T05:30:00Z')",
    f"{moment}.getDate()",
    "timestamp('2026-07-01T05:30:00Z').getDate()",
    f"{moment}.getMonth()",
    f"{moment}.getHours()",
):
    python = environment.program(environment.compile(expression)).evaluate({})
    print(f"{expression}\n    cel-python {python}, common-expression-language {cel.evaluate(expression)}")
END
echo "cel-python 0.5.0 and common-expression-language 0.10.0; months count from 0"
venv/bin/python try.py | tee output
cat > expected <<'END'
timestamp('2026-06-30T23:30:00-06:00') == timestamp('2026-07-01T05:30:00Z')
    cel-python True, common-expression-language True
timestamp('2026-06-30T23:30:00-06:00').getDate()
    cel-python 1, common-expression-language 30
timestamp('2026-07-01T05:30:00Z').getDate()
    cel-python 1, common-expression-language 1
timestamp('2026-06-30T23:30:00-06:00').getMonth()
    cel-python 6, common-expression-language 5
timestamp('2026-06-30T23:30:00-06:00').getHours()
    cel-python 5, common-expression-language 23
END
diff expected output && echo "Two spellings of one moment are equal and have two dates."
