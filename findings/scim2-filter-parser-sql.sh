#!/bin/sh
# scim2-filter-parser joins `or` before `and`, and its SQL takes "_" in a user name for any letter.
#
# By RFC 7644 §3.4.2.2 `and` comes before `or`, and `sw` and `co` find the operator's value as it is written. The SQL of
# the package has parentheses around the `or`, so `a or b and c` leaves out people with a alone; LIKE gets the value
# without an escape, so "jo_" finds "joan" and "50%" finds "505". django-scim2 takes its searches from the package. Each
# case shows the filter, whom the RFC finds, and whom the SQL finds. Takes python3; works in a folder of its own and
# removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scim2-filter-parser==0.7.0
cat > try.py <<'END'
import re
import sqlite3

from scim2_filter_parser.queries.sql import SQLQuery

columns = {("userName", None, None): "name", ("title", None, None): "title", ("userType", None, None): "type"}
cases = (
    ('title eq "Teacher" or title eq "Coach" and userType eq "Staff"', "jo_a joan"),
    ('(title eq "Teacher" or title eq "Coach") and userType eq "Staff"', "joan"),
    ('userName sw "jo_"', "jo_a"),
    ('title co "50%"', "max"),
)
people = sqlite3.connect(":memory:")
people.execute("CREATE TABLE people (name, title, type)")
people.executemany(
    "INSERT INTO people VALUES (?, ?, ?)",
    [
        ("jo_a", "Teacher", "Guest"),
        ("joan", "Coach", "Staff"),
        ("max", "Aide 50%", "Guest"),
        ("ana", "Aide 505", "Guest"),
    ],
)
for text, wanted in cases:
    query = SQLQuery(text, "people", columns)
    where = re.sub(r"\{(\w+)\}", r":\1", query.where_sql)
    found = people.execute(f"SELECT name FROM people WHERE {where} ORDER BY rowid", query.params_dict)
    print(f"{text}\n    RFC 7644: {wanted}\n    SQL:      {' '.join(name for name, in found)}")
END
echo "scim2-filter-parser 0.7.0"
venv/bin/python try.py | tee output
cat > expected <<'END'
title eq "Teacher" or title eq "Coach" and userType eq "Staff"
    RFC 7644: jo_a joan
    SQL:      joan
(title eq "Teacher" or title eq "Coach") and userType eq "Staff"
    RFC 7644: joan
    SQL:      joan
userName sw "jo_"
    RFC 7644: jo_a
    SQL:      jo_a joan
title co "50%"
    RFC 7644: max
    SQL:      max ana
END
diff expected output && echo "All but the second case find other people than they should."
