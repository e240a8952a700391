#!/bin/sh
# `opa build --optimize 2` builds a bundle that OPA refuses to load: a rule has lost the expression that binds its name.
#
# OPA's documentation has optimization keep what a policy decides. A rule that lists the facts whose value is false or
# null goes through the object and asks `not input.facts[name]`; OPA takes the first for a repetition of what stands
# behind `not`, and drops it. `opa check --strict`, `opa build` at level 1, and the build itself at level 2 are content;
# loading reports rego_unsafe_var_error, so a server keeps its old bundle, or starts with none. Asking the value that
# the loop has helps. Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the
# behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
mkdir policy
cat > policy/rule.rego <<'REGO'
package example

by_name contains name if {
	some name, _ in input.facts
	not input.facts[name]
}

by_value contains name if {
	some name, value in input.facts
	not value
}
REGO
echo '{"facts": {"approved": false, "role": "Teacher"}}' > input.json
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
{
    ./opa check --strict policy && echo "check --strict: nothing to say"
    for rule in by_value by_name; do
        for level in 0 1 2; do
            ./opa build --optimize "$level" --entrypoint "example/$rule" --output bundle.tar.gz policy
            ./opa eval --bundle bundle.tar.gz --input input.json --format raw "data.example.$rule" > answer 2>&1 || true
            echo "$rule, level $level: $(grep -o '\[.*\]\|rego_.*' answer)"
        done
    done
    tar -xPOzf bundle.tar.gz /optimized/example.rego
} | tee output
cat > expected <<'END'
check --strict: nothing to say
by_value, level 0: ["approved"]
by_value, level 1: ["approved"]
by_value, level 2: ["approved"]
by_name, level 0: ["approved"]
by_name, level 1: ["approved"]
by_name, level 2: rego_unsafe_var_error: expression is unsafe
package example

by_name contains __local1__1 if {
	not input.facts[__local1__1]
}
END
diff expected output && echo "A bundle that is built should load, and decide as the policy does."
