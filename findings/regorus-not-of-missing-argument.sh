#!/bin/sh
# Regorus negates a call with a missing argument as OPA does only with an import, and refuses that import.
#
# In OPA `not` of a call is undefined where an argument is missing, as the argument is looked up first; from 1.17 on
# `import future.keywords.not` makes it true, for that file. Regorus has it true without the import, so "unless the end
# is after June" holds for a person without an end in one engine and not in the other; with the import, which would
# make them agree, Regorus cannot read the policy. Takes Go, python3 and the pinned OPA module; works in a folder of its
# own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check celine-regorus==0.9.1.post20260227075446
cat > rule.rego <<'REGO'
package example

holds contains "not input.end" if not input.end

holds contains "not input.end == \"2026-06-30\"" if not input.end == "2026-06-30"

holds contains "not input.end > \"2026-06-30\"" if not input.end > "2026-06-30"

holds contains "not input.end != \"2026-06-30\"" if not input.end != "2026-06-30"

holds contains "not startswith(input.end, \"2026\")" if not startswith(input.end, "2026")

holds contains "not input.role in {\"Teacher\"}" if not input.role in {"Teacher"}

holds contains "not count(input.posts) > 0" if not count(input.posts) > 0
REGO
sed 's/^package example$/&\n\nimport future.keywords.not/' rule.rego > import.rego
cat > try.py <<'END'
import sys

import regorus

engine = regorus.Engine()
try:
    engine.add_policy_from_file(sys.argv[1])
    engine.set_input({})
    print(*sorted(engine.eval_rule("data.example.holds")), sep="\n")
except RuntimeError as error:
    print(next(line for line in str(error).splitlines() if line.startswith("error")))
END
for file in rule.rego import.rego; do
    echo "$file, Open Policy Agent $(./opa version | sed -n 's/^Version: //p'):"
    echo '{}' | ./opa eval --stdin-input --data "$file" --format raw 'concat("\n", data.example.holds)'
    echo "$file, Regorus 0.9.1, as the wheel celine-regorus:"
    venv/bin/python try.py "$file"
done | tee output
cat > expected <<'END'
rule.rego, Open Policy Agent 1.22.4:
not input.end
not input.end == "2026-06-30"
rule.rego, Regorus 0.9.1, as the wheel celine-regorus:
not count(input.posts) > 0
not input.end
not input.end != "2026-06-30"
not input.end == "2026-06-30"
not input.end > "2026-06-30"
not input.role in {"Teacher"}
not startswith(input.end, "2026")
import.rego, Open Policy Agent 1.22.4:
not count(input.posts) > 0
not input.end
not input.end != "2026-06-30"
not input.end == "2026-06-30"
not input.end > "2026-06-30"
not input.role in {"Teacher"}
not startswith(input.end, "2026")
import.rego, Regorus 0.9.1, as the wheel celine-regorus:
error: unexpected keyword `not`
END
diff expected output && echo "Nothing is known of the person; one policy should decide one thing."
