#!/bin/sh
# RDFLib takes the zone off a date and writes the graph without it; SPARQL then misses the date as it was written.
#
# In XML Schema (§3.3.9) a date may end with a zone: June 30 in Denver lasts until 06:00 of July 1 in UTC, so
# "2026-06-30-06:00" and "2026-06-30Z" are two values, and W3C's formats of policies (ODRL, SHACL) take such literals.
# RDFLib makes Python's date of each, which has no zone, and by default rewrites the literal from that date when it
# reads it. A dateTime keeps its zone. A pattern with the very text of the data finds nobody, a filter finds both, and
# SHACL's hasValue takes the day in a third zone for the same. Takes python3; works in a folder of its own and removes
# it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check rdflib==7.6.0 pyshacl==0.40.1
cat > try.py <<'END'
from importlib.metadata import version

import rdflib
from pyshacl import validate

PREFIXES = "@prefix x: <urn:x:> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix sh: <http://www.w3.org/ns/shacl#> .\n"
DATA = PREFIXES + """x:a a x:Access ; x:ends "2026-06-30-06:00"^^xsd:date .
x:b a x:Access ; x:ends "2026-06-30Z"^^xsd:date .
x:c a x:Access ; x:ends "2026-06-30T23:00:00-06:00"^^xsd:dateTime ."""
SHAPE = PREFIXES + 'x:S a sh:NodeShape ; sh:targetClass x:Access ; sh:property [ sh:path x:ends ; sh:hasValue "2026-06-30+14:00"^^xsd:date ] .'

print("RDFLib", version("rdflib"), "and pySHACL", version("pyshacl"))
graph = rdflib.Graph().parse(data=DATA, format="turtle")
for who, _, ends in sorted(graph.triples((None, rdflib.URIRef("urn:x:ends"), None))):
    print("read:    ", who, ends.n3(graph.namespace_manager))
again = rdflib.Graph().parse(data=graph.serialize(format="nt"), format="nt")
print("written: ", sorted(str(ends) for ends in again.objects(None, rdflib.URIRef("urn:x:ends"))))
DAY = '"2026-06-30-06:00"^^<http://www.w3.org/2001/XMLSchema#date>'
for asked in (f"?who <urn:x:ends> {DAY}", f"?who <urn:x:ends> ?end . FILTER(?end = {DAY})"):
    found = sorted(str(row.who) for row in graph.query(f"SELECT ?who {{ {asked} }}"))
    print("SPARQL:   2026-06-30-06:00 is the end of", found, "by", "a filter" if "FILTER" in asked else "a pattern")
shape = rdflib.Graph().parse(data=SHAPE, format="turtle")
_, _, report = validate(graph, shacl_graph=shape)
print("SHACL:    another end has", sorted({line.split()[-1] for line in report.splitlines() if "Focus Node" in line}))
END
venv/bin/python try.py | tee output
cat > expected <<'END'
RDFLib 7.6.0 and pySHACL 0.40.1
read:     urn:x:a "2026-06-30"^^xsd:date
read:     urn:x:b "2026-06-30"^^xsd:date
read:     urn:x:c "2026-06-30T23:00:00-06:00"^^xsd:dateTime
written:  ['2026-06-30', '2026-06-30', '2026-06-30T23:00:00-06:00']
SPARQL:   2026-06-30-06:00 is the end of [] by a pattern
SPARQL:   2026-06-30-06:00 is the end of ['urn:x:a', 'urn:x:b'] by a filter
SHACL:    another end has ['x:c']
END
diff expected output && echo "RDFLib reads a date of any zone as the day alone, and writes that back."
