"""Checks heads of an audit record: python check_heads.py PUBLIC.pem HEADS.jsonl [EXPORT.jsonl]"""

import base64
import json
import sys
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def root(row):  # RFC 6962, section 2.1
    half = 1 << (len(row) - 1).bit_length() >> 1
    return sha256(b"\1" + root(row[:half]) + root(row[half:]) if half else b"\0" + row[0]).digest()


def roots(old, new, proof, known=None):  # of both trees, by a proof of section 2.1.2
    if old == new:
        return [known or proof.pop()] * 2
    middle, side = 1 << (new - 1).bit_length() - 1, proof.pop()
    if old > middle:
        return [sha256(b"\1" + side + x).digest() for x in roots(old - middle, new - middle, proof)]
    first, second = roots(old, middle, proof, known)
    return [first, sha256(b"\1" + second + side).digest()]


leaves, link, (before, then, known), number, place = [], "0" * 64, (0, "", b""), 0, "the files"
AGAIN, UNSIGNED = "; get the file again from its keeper", "is not signed with this key"
sys.excepthook = lambda _, e, __: sys.exit(f"{place}: {str(e) or UNSIGNED}{AGAIN}")
sys.argv[2:] or sys.exit(__doc__)
public, heads, export = (open(name, "rb").read() for name in [*sys.argv[1:], "/dev/null"][:3])
compact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
for entry in map(json.loads, export.splitlines()[:-1]):
    said = [entry[name] for name in ("seq", "at", "kind", "run_id", "employee_id")]
    leaves.append(sha256(compact([link, *said, compact(entry["body"])]).encode()).digest())
    if (link := leaves[-1].hex()) != entry["hash"]:
        sys.exit(f"entry {entry['seq']} does not match its hash{AGAIN}")
for number, line in enumerate(heads.splitlines() or sys.exit(f"no head{AGAIN}"), 1):
    place = f"head {number}"
    head = json.loads(line)
    signature, proof = head.pop("signature"), [bytes.fromhex(x) for x in head.pop("proof", [])]
    load_pem_public_key(public).verify(base64.b64decode(signature), compact(head).encode())
    size, at, now = head["size"], head["at"], bytes.fromhex(head["hash"])
    if size < before or at < then or (size == before and now != known):
        sys.exit(f"{place} does not come after the one before it{AGAIN}")
    if proof and head["previous"] == before and roots(before, size, proof, known) != [known, now]:
        sys.exit(f"{place} does not extend the one before it; restore the record of before it")
    if export and root(leaves[:size]) != now:
        sys.exit(f"{place} is not of this record, which was cut or rewritten; restore a backup")
    before, then, known = size, at, now
print(f"{number} heads are signed and consistent" + f", and {len(leaves)} entries" * bool(export))
