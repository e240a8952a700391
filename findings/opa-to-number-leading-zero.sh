#!/bin/sh
# OPA's to_number reads "07" as 7 and then cannot write it: the server answers 500 about everyone in the request.
#
# By OPA's reference a numeric string becomes its number. The value is defined and compares well, so tests of the rule
# pass; JSON has no leading zeros (RFC 8259 §6), and OPA writes the text as it came. Adding 0 helps. Takes Go, curl
# and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
cat > rule.rego <<'REGO'
package example

senior contains id if {
	some id, text in input.years
	to_number(text) >= 5
}

years[id] := to_number(text) if some id, text in input.years

summed[id] := to_number(text) + 0 if some id, text in input.years
REGO
./opa check --strict rule.rego
./opa run --server --addr unix://opa.sock rule.rego > log 2>&1 &
server=$!
ask() { curl -s --unix-socket opa.sock "$@"; }
until ask -f -o health http://localhost/health; do sleep 0.2; done
# The result, where there is one, and the status.
decide() {
    code=$(ask -o answer -w '%{http_code}' --data "{\"input\": {\"years\": $2}}" "http://localhost/v1/data/example/$1")
    grep '"result"' answer || true
    echo "HTTP $code"
}
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
{
    for years in '{"jo": "7", "al": "12"}' '{"jo": "07", "al": "12"}'; do
        for rule in senior years summed; do echo "$years $rule: $(decide "$rule" "$years" | paste -sd ' ')"; done
    done
} | tee output
cat > expected <<'END'
{"jo": "7", "al": "12"} senior: {"result":["al","jo"]} HTTP 200
{"jo": "7", "al": "12"} years: {"result":{"al":12,"jo":7}} HTTP 200
{"jo": "7", "al": "12"} summed: {"result":{"al":12,"jo":7}} HTTP 200
{"jo": "07", "al": "12"} senior: {"result":["al","jo"]} HTTP 200
{"jo": "07", "al": "12"} years: HTTP 500
{"jo": "07", "al": "12"} summed: {"result":{"al":12,"jo":7}} HTTP 200
END
diff expected output && echo "One \"07\" costs the answer about everyone else."
