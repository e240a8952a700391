"""Adds what an image holds besides its Python packages to their bill of materials (CycloneDX 1.6).

    python deploy/sbom.py build/icaccess.cdx.json icaccess > build/image.cdx.json

The first argument is the bill of the Python packages, the second the image. The image itself is asked, with
`docker run`, for its Debian packages, its Python and its OPA; nothing is started in it, and no network is
there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

QUESTION = r"""set -eu
. /etc/os-release
echo "$ID $VERSION_ID"
python -c 'import platform; print(platform.python_version())'
opa version | sed -n 's/^Version: //p'
dpkg-query --show --showformat '${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n'
"""


def components(answer: str) -> Iterator[Component]:
    """The components that an image's answer to `QUESTION` names."""
    system, python, opa, *packages = answer.splitlines()
    distribution, _, release = system.partition(" ")
    yield _component(ComponentType.OPERATING_SYSTEM, PackageURL("generic", None, distribution, release))
    yield _component(ComponentType.APPLICATION, PackageURL("generic", None, "python", python))
    yield _component(
        ComponentType.APPLICATION, PackageURL("golang", "github.com/open-policy-agent", "opa", f"v{opa}")
    )
    for package in packages:
        name, version, architecture, source, source_version = package.split(" ")
        qualifiers = {"arch": architecture, "distro": f"{distribution}-{release}"}
        if (source, source_version) != (name, version):
            # Debian's advisories are about source packages.
            qualifiers["upstream"] = f"{source}@{source_version}"
        yield _component(ComponentType.LIBRARY, PackageURL("deb", distribution, name, version, qualifiers))


def _component(kind: ComponentType, url: PackageURL) -> Component:
    return Component(type=kind, name=url.name, version=url.version, purl=url, bom_ref=url.to_string())


def main(bill: str, image: str) -> None:
    """Write the whole bill on stdout; what Docker or the image says of an error ends the program."""
    ask = ["docker", "run", "--rm", "--network=none", "--entrypoint=/bin/sh", image, "-c", QUESTION]
    done = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{image}: could not be asked what it holds; docker says why above")
    whole = Bom.from_json(json.loads(Path(bill).read_text()))
    whole.components.update(components(done.stdout))
    if whole.metadata.component is not None:
        whole.register_dependency(whole.metadata.component, whole.components)
    sys.stdout.write(
        make_outputter(whole, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
