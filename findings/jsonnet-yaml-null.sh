#!/bin/sh
# Jsonnet's parseYaml makes the text "~" of a certificate's missing date in C++, and null in Go.
#
# Jsonnet has one standard library for all its implementations. Its reference promises a "best-effort" reading of YAML
# and names what it does not read, and null is not among that. By YAML 1.2.2 §10.3.2 `~`, `null`, `Null` and `NULL` are
# null. Jsonnet in C++ takes all but `null` for text, and jrsonnet in Rust `Null` and `NULL`; Jsonnet in Go knows the
# four. "~" and "Null" are not null and after every date, so a certificate that nobody has completed is complete, and
# current forever. Takes Go and python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/google/go-jsonnet/cmd/jsonnet@v0.22.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonnet==0.22.0 rjsonnet==0.5.6
cat > values <<'END'
2026-05-04
null
~
Null
NULL
END
cat > rule.jsonnet <<'END'
local date = std.parseYaml(std.extVar("text")).completed_on;
{date: date, completed: date != null, current: date != null && date >= "2026-01-01"}
END
cat > try.py <<'END'
import importlib
import json
import sys

module = importlib.import_module(sys.argv[1])
for value in open("values"):
    answer = module.evaluate_file("rule.jsonnet", ext_vars={"text": f"completed_on: {value}"})
    print(json.dumps(json.loads(answer), sort_keys=True))
END
while read -r value; do
    ./jsonnet --ext-str "text=completed_on: $value" rule.jsonnet | python3 -c 'import json, sys
print(json.dumps(json.load(sys.stdin), sort_keys=True))'
done < values > answers-go
venv/bin/python try.py _jsonnet > answers-cpp
venv/bin/python try.py rjsonnet > answers-rust
{
    echo "$(./jsonnet --version)"
    paste -d '|' values answers-go
    echo "Jsonnet commandline interpreter in C++, as the wheel jsonnet 0.22.0"
    paste -d '|' values answers-cpp
    echo "jrsonnet in Rust, as the wheel rjsonnet 0.5.6"
    paste -d '|' values answers-rust
} | tee output
cat > expected <<'END'
Jsonnet commandline interpreter (Go implementation) v0.22.0
2026-05-04|{"completed": true, "current": true, "date": "2026-05-04"}
null|{"completed": false, "current": false, "date": null}
~|{"completed": false, "current": false, "date": null}
Null|{"completed": false, "current": false, "date": null}
NULL|{"completed": false, "current": false, "date": null}
Jsonnet commandline interpreter in C++, as the wheel jsonnet 0.22.0
2026-05-04|{"completed": true, "current": true, "date": "2026-05-04"}
null|{"completed": false, "current": false, "date": null}
~|{"completed": true, "current": true, "date": "~"}
Null|{"completed": true, "current": true, "date": "Null"}
NULL|{"completed": true, "current": true, "date": "NULL"}
jrsonnet in Rust, as the wheel rjsonnet 0.5.6
2026-05-04|{"completed": true, "current": true, "date": "2026-05-04"}
null|{"completed": false, "current": false, "date": null}
~|{"completed": false, "current": false, "date": null}
Null|{"completed": true, "current": true, "date": "Null"}
NULL|{"completed": true, "current": true, "date": "NULL"}
END
diff expected output && echo "Nobody has completed a certificate whose date is null."
