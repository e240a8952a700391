"""Signed bundles while OPA runs: a good one is taken up, a bad one refused and the last good one kept."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import requests

from icaccess.errors import UsageError
from icaccess.opa.bundles import build, digest, policy_tree
from icaccess.opa.signing import publish
from tests.sidecar.service import ROOT, BundleServer, Sidecar, new_key, ready_sidecar, sidecar, wait_until

POLICY = policy_tree(ROOT / "policy")
LIMITS = ROOT / "config" / "opa" / "capabilities.json"


@pytest.fixture
def own(opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path) -> Iterator[Sidecar]:
    """A sidecar of the test's own, which polls every second."""
    with ready_sidecar(opa_path, tmp_path / "opa", bundles, keys) as started:
        yield started


def altered(good: Path, out: Path) -> None:
    """The good bundle with one rule changed, its signature left as it was."""
    with tarfile.open(good) as archive, tarfile.open(out, "w:gz") as changed:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            assert content is not None
            data = content.read().replace(b'"deny"', b'"allow"')
            member.size = len(data)
            changed.addfile(member, io.BytesIO(data))


def test_a_running_opa_refuses_a_bad_bundle_and_loads_a_good_one(
    own: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    refuses_and_loads(own, opa_path, bundles, keys, tmp_path, ("unsigned", "another key"))


@pytest.mark.slow
def test_every_bad_bundle_is_refused(
    own: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    refuses_and_loads(own, opa_path, bundles, keys, tmp_path)


def refuses_and_loads(
    own: Sidecar, opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], work: Path,
    kinds: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """OPA keeps its policy against bad bundles of some kinds, or of each, and then loads a good one."""
    served, good = bundles.folder / "policy.tar.gz", work / "good.tar.gz"
    shutil.copy(served, good)
    other, _ = new_key(work, "other")
    bad: dict[str, Callable[[Path], object]] = {
        "unsigned": lambda out: build(opa_path, "policy", POLICY, out, LIMITS),
        "another key": lambda out: build(
            opa_path, "policy", POLICY, out, LIMITS, "--signing-alg", "ES256", "--signing-key", str(other)
        ),
        "altered": lambda out: altered(good, out),
        "HTML": lambda out: out.write_text("<html>Please log in</html>"),
        "cut short": lambda out: out.write_bytes(good.read_bytes()[:2000]),
        "the other bundle": lambda out: shutil.copy(bundles.folder / "config.tar.gz", out),
    }
    says = {
        "unsigned": "missing .signatures.json",
        "another key": "invalid ECDSA signature",
        "altered": "digest mismatch",
        "HTML": "gzip: invalid header",
        "cut short": "unexpected EOF",
        "the other bundle": "overlapping roots",
    }
    with own.client() as client:
        before = client.revisions()
        assert before.policy == digest(POLICY)
        for name in kinds or bad:  # a second each, at which OPA asks anew
            bad[name](work / "bad.tar.gz")
            (work / "bad.tar.gz").replace(served)
            wait_until(
                lambda name=name: any(says[name] in str(line) for line in own.events_at("error")), name
            )
            assert client.revisions() == before, name
            assert client.ready()
        changed = work / "policy"
        shutil.copytree(ROOT / "policy", changed)
        reasons = changed / "lib" / "reasons.rego"
        reasons.write_text(reasons.read_text() + "\n# one word more\n")
        (policy, _) = publish(opa_path, changed, ROOT / "config", keys[0], bundles.folder)
        wait_until(lambda: client.revisions().policy == policy.revision, "the good one is taken up")
        assert client.revisions().data == before.data


def test_opa_does_not_get_ready_on_an_unsigned_bundle(
    opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    publish(opa_path, ROOT / "policy", ROOT / "config", keys[0], bundles.folder)
    build(opa_path, "policy", POLICY, bundles.folder / "policy.tar.gz", LIMITS)
    with sidecar(opa_path, tmp_path / "opa", bundles.url, keys[1]) as started, started.client() as client:
        wait_until(lambda: started.events_at("error"), "it is refused")
        assert not client.ready()
        (status,) = client.status()
        assert status.problem is not None
        assert "another policy loaded, or none" in status.problem


def test_opa_does_not_start_without_a_key(opa_path: Path) -> None:
    config = ROOT / "config" / "opa" / "sidecar.yaml"
    environment = {"OPA_BUNDLE_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        [opa_path, "run", "--server", "--addr=127.0.0.1:0", f"--config-file={config}"],
        capture_output=True, text=True, check=False, timeout=60, env=environment,
    )  # fmt: skip
    assert done.returncode != 0
    assert "no keys provided for key ID icaccess" in done.stdout + done.stderr


def test_what_has_not_changed_is_not_sent_again(own: Sidecar, bundles: BundleServer) -> None:
    url = f"{bundles.url}/policy.tar.gz"
    tag = requests.get(url, timeout=60).headers["ETag"]
    assert requests.get(url, headers={"If-None-Match": tag}, timeout=60).status_code == 304
    for path in ("", "policy", "../nginx.conf", "policy.tar.gz/", ".new-x/policy.tar.gz"):
        assert requests.get(f"{bundles.url}/{path}", timeout=60).status_code == 404, path
    assert requests.put(url, data=b"x", timeout=60).status_code in (403, 405)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file"),
        ("no key at all", "is not a private key in PEM"),
        ("public", "is not a private key in PEM"),
        ("rsa", "ES256 needs a key on the curve P-256"),
    ],
    ids=map(str, count()),
)
def test_a_key_that_cannot_sign(
    keys: tuple[Path, Path], opa_path: Path, tmp_path: Path, content: str | None, complaint: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = tmp_path / "key.pem"
    if content == "public":
        shutil.copy(keys[1], key)
    elif content == "rsa":
        made = rsa.generate_private_key(65537, 2048)
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    elif content is not None:
        key.write_text(content)
    with pytest.raises(UsageError, match=f"^signing key {key}: {complaint}"):
        publish(opa_path, ROOT / "policy", ROOT / "config", key, tmp_path / "out")
    assert not (tmp_path / "out").exists()
