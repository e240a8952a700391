#!/bin/sh
# Conftest makes numbers of quoted text in an INI file, and leaves out what stands before the first section.
#
# An INI file has no types, and quotes there are for text. Conftest gives the policy the school number "0210" as 210,
# the version 1.10 as 1.1 and the code 1e3 as 1000; in a .properties file all stay text. A key before the first section
# is left out without a word, so a rule about it finds nothing. Takes Go and the pinned module of Conftest; works in a
# folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" CGO_ENABLED=0 go install github.com/open-policy-agent/conftest@v0.71.1
cat > school.ini <<'END'
district = Denver

[school]
number = "0210"
version = 1.10
code = 1e3
name = "North"
END
cat > school.properties <<'END'
district = Denver
school.number = 0210
school.version = 1.10
school.code = 1e3
school.name = North
END
echo "Conftest 0.71.1"
for file in school.ini school.properties; do ./conftest parse "$file" | tr -d '\n\t ' && echo; done | tee output
cat > expected <<'END'
{"school":{"code":1000,"name":"North","number":210,"version":1.1}}
{"district":"Denver","school.code":"1e3","school.name":"North","school.number":"0210","school.version":"1.10"}
END
diff expected output && echo "A school's number should stay text, and the district should be there."
