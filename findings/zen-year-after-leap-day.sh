#!/bin/sh
# ZEN has no date one year after February 29: the date is invalid, and yet it is before every other date.
#
# GoRules documents `add` on a date with years and months alike. Twelve months after February 29, 2024 are February 28,
# 2025, as a month after January 31 is February 28; one year is an invalid date without an error. `<` calls it earlier
# than any date, and `isBefore` does not. A certificate of that day has expired, or has not, by the spelling of the
# rule. Takes python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check zen-engine==2.1.3
cat > try.py <<'END'
import json

import zen

for expression in (
    'd("2026-01-31").add(1, "month").format("%Y-%m-%d")',
    'd("2024-02-29").add(12, "month").format("%Y-%m-%d")',
    'd("2024-02-29").add(1, "year").format("%Y-%m-%d")',
    'd("2024-02-29").add(4, "year").format("%Y-%m-%d")',
    'd("2024-02-29").add(1, "year") < d("1990-01-01")',
    'd("2024-02-29").add(1, "year").isBefore(d("1990-01-01"))',
    'd("2024-02-29").add(1, "year").isBefore(d("2030-01-01"))',
):
    print(f"{expression}: {json.dumps(zen.evaluate_expression(expression, {}))}")
END
echo "zen-engine 2.1.3"
venv/bin/python try.py | tee output
cat > expected <<'END'
d("2026-01-31").add(1, "month").format("%Y-%m-%d"): "2026-02-28"
d("2024-02-29").add(12, "month").format("%Y-%m-%d"): "2025-02-28"
d("2024-02-29").add(1, "year").format("%Y-%m-%d"): "Invalid date"
d("2024-02-29").add(4, "year").format("%Y-%m-%d"): "2028-02-29"
d("2024-02-29").add(1, "year") < d("1990-01-01"): true
d("2024-02-29").add(1, "year").isBefore(d("1990-01-01")): false
d("2024-02-29").add(1, "year").isBefore(d("2030-01-01")): false
END
diff expected output && echo "One year and twelve months after one day should be one date."
