#!/bin/sh
# OPA's server answers a POST whose path ends in a slash with 301, and clients that follow lose the body.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'kill "${server:-$$}" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "A POST to a path with a slash at its end is answered 301; curl -L then asks by GET, without the input."
echo

printf 'package example\n\nrole := input.role\n\ndefault known := false\n\nknown if role\n' > rule.rego
./opa run --server --addr 127.0.0.1:18187 --log-level error rule.rego &
server=$!
until curl -sf -o /dev/null http://127.0.0.1:18187/health; do sleep 0.2; done

url=http://127.0.0.1:18187/v1/data/example/known
input='{"input": {"role": "teacher"}}'
plain=$(curl -s --data "$input" "$url")
status=$(curl -s -o /dev/null -w '%{http_code}' --data "$input" "$url/")
followed=$(curl -sL --data "$input" "$url/")
printf 'without the slash: %s\nwith it: HTTP %s\nfollowed: %s\n' "$plain" "$status" "$followed"
[ "$plain" = '{"result":true}' ] && [ "$status" = "301" ] && [ "$followed" = '{"result":false}' ]
