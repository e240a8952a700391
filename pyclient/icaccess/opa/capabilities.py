"""What a policy may use of OPA: everything except the clock, chance, the network and its machine.

`python -m icaccess.opa.capabilities` writes `config/opa/capabilities.json` from the capabilities that the
pinned OPA lists. Builds of bundles stay within it, so that a decision depends on its input and data alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from icaccess.opa.program import find_opa

_NETWORK = "net."


def limited(opa: Path) -> bytes:
    """The capabilities of `opa` without those whose answers depend on time or place, as JSON."""
    told = subprocess.run([opa, "capabilities", "--current"], capture_output=True, check=True).stdout
    capabilities = msgspec.json.decode(told, type=dict[str, object])
    builtins = msgspec.convert(capabilities["builtins"], list[dict[str, object]])
    capabilities["builtins"] = [
        builtin
        for builtin in builtins
        if not builtin.get("nondeterministic") and not str(builtin["name"]).startswith(_NETWORK)
    ]
    capabilities["allow_net"] = []
    return msgspec.json.format(msgspec.json.encode(capabilities), indent=1) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(limited(find_opa()))
