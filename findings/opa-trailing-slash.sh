#!/bin/sh
# OPA's server answers a POST whose path ends in a slash with 301, so a client that follows asks again without the body.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "A POST to a path with a slash at its end is answered 301; curl -L then asks by GET, without the input."
echo

printf 'package example\n\nrole := input.role\n\ndefault known := false\n\nknown if role\n' > rule.rego
./opa run --server --addr unix://opa.sock rule.rego > log 2>&1 &
server=$!
ask() { curl -s --unix-socket opa.sock "$@"; }
until ask -f -o health http://localhost/health; do sleep 0.2; done

url=http://localhost/v1/data/example/known
input='{"input": {"role": "teacher"}}'
plain=$(ask --data "$input" "$url")
status=$(ask -o answer -w '%{http_code}' --data "$input" "$url/")
followed=$(ask -L --data "$input" "$url/")
printf 'without the slash: %s\nwith it: HTTP %s\nfollowed: %s\n' "$plain" "$status" "$followed"
[ "$plain" = '{"result":true}' ] && [ "$status" = "301" ] && [ "$followed" = '{"result":false}' ]
