"""Checks the heads of an audit record: python check_heads.py PUBLIC.pem HEADS.jsonl [EXPORT.jsonl]

It needs Python, `cryptography`, and nothing of icaccess: the record's public key, the heads that a witness
kept, and, to compare the record itself with them, what `icaccess audit export` wrote. The last line says what
was found.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    """The Merkle Tree Hash of RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root(leaves[:middle]), root(leaves[middle:]))


def both_roots(before, size, proof, old):
    """The roots of both trees that a consistency proof leads to (RFC 9162, section 2.1.4.2)."""
    proof = [old, *proof] if before & (before - 1) == 0 else list(proof)
    left = right = proof.pop(0)
    first, last = before - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    for step in proof:
        if first & 1 or first == last:
            left, right = sha256(b"\1", step, left), sha256(b"\1", step, right)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            right = sha256(b"\1", right, step)
        first, last = first >> 1, last >> 1
    return left, right


def check(public, heads, export):
    key, before, leaves, link = load_pem_public_key(public), None, [], "0" * 64
    for entry in export[:-1]:
        body = json.dumps(entry["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        said = [link, entry["seq"], entry["at"], entry["kind"], entry["run_id"], entry["employee_id"], body]
        link = sha256(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()).hex()
        if link != entry["hash"]:
            return f"entry {entry['seq']} does not match its hash"
        leaves.append(bytes.fromhex(link))
    for head in heads:
        named = f"the head of {head['size']} entries"
        signed = {name: head[name] for name in ("at", "hash", "key", "previous", "run", "size")}
        text = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
        key.verify(base64.b64decode(head["signature"]), text)  # raises InvalidSignature
        if before and (head["size"] < before["size"] or head["at"] < before["at"]):
            return f"{named} comes after one of {before['size']}"
        if before and head.get("proof") and head["previous"] == before["size"] < head["size"]:
            old, new = bytes.fromhex(before["hash"]), bytes.fromhex(head["hash"])
            proof = map(bytes.fromhex, head["proof"])
            if both_roots(before["size"], head["size"], proof, old) != (old, new):
                return f"{named} does not extend the one before it"
        if export and (len(leaves) < head["size"] or root(leaves[: head["size"]]).hex() != head["hash"]):
            return f"{named} is not one of this record: it was cut off or rewritten"
        before = head
    return (
        f"all {len(heads)} heads are signed and consistent"
        + f", and the record has {len(leaves)} entries" * bool(export)
    )


if __name__ == "__main__":
    files = [Path(name).read_bytes() for name in sys.argv[1:]]
    found = check(files[0], *([json.loads(line) for line in f.splitlines()] for f in [*files[1:], b""][:2]))
    print(found)  # noqa: T201 (a script prints)
    sys.exit(not found.startswith("all "))
