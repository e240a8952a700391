#!/bin/sh
# A template string of OPA writes `<undefined>` for what is undefined, and stays defined.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "A template string with an undefined part is a text with \`<undefined>\` in it; sprintf is undefined."
echo

cat > rule.rego <<'REGO'
package example

template := $"Ask {input.approver.name} by {input.due}."

sprintf_ := sprintf("Ask %s by %s.", [input.approver.name, input.due])
REGO
echo '{"due": "2026-08-01"}' > input.json

./opa check --strict rule.rego
template=$(./opa eval --data rule.rego --input input.json --format raw data.example.template)
sprintf_=$(./opa eval --data rule.rego --input input.json --format raw data.example.sprintf_)
printf 'template string: %s\nsprintf: %s\n' "$template" "${sprintf_:-undefined}"
[ "$template" = "Ask <undefined> by 2026-08-01." ] && [ -z "$sprintf_" ]
