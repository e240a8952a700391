#!/bin/sh
# OPA's `eval --coverage` names one file in two ways when it is given by an absolute path: lines that ran stand under
# the path, lines that did not under the path without its first slash. Each entry has a percentage of its own, so
# the file's own entry says 100 where a third of it ran. `opa test --coverage` names the same file once.
# Takes Go and the pinned OPA module; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/opa@v1.22.4
echo "Open Policy Agent $(./opa version | sed -n 's/^Version: //p')"
echo "eval --coverage names one file twice where its path is absolute: with and without the first slash."
echo

printf 'package a\n\nx := 1 if input.n == 1\n\ny := 2 if input.n == 2\n\nz := 3 if input.n == 3\n' > a.rego
printf 'package a_test\n\ntest_x if data.a.x == 1 with input as {"n": 1}\n' > a_test.rego
echo '{"n": 1}' > input.json

# The names of the entries for a.rego, one a line, with the folder's name taken out.
names() { grep -o '"[^"]*/a\.rego": {' | sed "s|\"$folder/|\"/FOLDER/|; s|\"${folder#/}/|\"FOLDER/|" | sort; }
evaluated=$(./opa eval --coverage --format json --input input.json --data "$folder/a.rego" data.a | names)
relative=$(./opa eval --coverage --format json --input input.json --data a.rego data.a | grep -c '"a\.rego": {')
tested=$(./opa test --coverage --format json "$folder/a.rego" "$folder/a_test.rego" | names)
printf 'eval, absolute path:\n%s\neval, relative path: %s entry\ntest, absolute path:\n%s\n' "$evaluated" "$relative" "$tested"
[ "$evaluated" = '"/FOLDER/a.rego": {
"FOLDER/a.rego": {' ] && [ "$relative" = 1 ] && [ "$tested" = '"/FOLDER/a.rego": {' ]
