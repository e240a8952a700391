#!/bin/sh
# Conftest turns the last day of a TOML file into midnight in UTC, so that day itself is too late.
#
# TOML 1.0.0 has local dates and local times, which belong to no offset, and they are values of their own. Conftest
# gives the policy 2026-06-30 as "2026-06-30T00:00:00Z", 07:30:00 as a moment of the year 0, and a local date and time
# as one in UTC. The same date of YAML or JSON is the text "2026-06-30". A rule for "at most 2026-06-30" fails for that
# day in TOML alone. Takes Go and the pinned module of Conftest; works in a folder of its own and removes it. Exits 1 if
# the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/conftest@v0.71.1
cat > rule.rego <<'REGO'
package main

deny contains sprintf("%v is after 2026-06-30", [input.end]) if input.end > "2026-06-30"
REGO
printf 'end = 2026-06-30\n' > end.toml
printf 'end: 2026-06-30\n' > end.yaml
printf 'at = 2026-06-30T07:30:00\ntime = 07:30:00\n' > local.toml
echo "Conftest 0.71.1"
{
    for file in end.toml end.yaml; do
        ./conftest test --no-color --policy rule.rego "$file" > found || true
        echo "$file: $(grep -o '[0-9] failures\{0,1\}\|[^ ]* is after.*' found | paste -s -d ';')"
    done
    ./conftest parse local.toml
} | tee output
cat > expected <<'END'
end.toml: 2026-06-30T00:00:00Z is after 2026-06-30;1 failure
end.yaml: 0 failures
{
  "at": "2026-06-30T07:30:00Z",
  "time": "0000-01-01T07:30:00Z"
}
END
diff expected output && echo "The last day should not be after itself."
