"""TLS and mutual TLS by configuration: who gets in, and the one line that whoever does not is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from icaccess.errors import EngineError, UsageError
from icaccess.opa.client import AccessClient
from icaccess.opa.signing import publish
from tests.sidecar.certificates import Authority
from tests.sidecar.service import CLIENT, ROOT, BundleServer, Sidecar, sidecar, wait_until

pytestmark = pytest.mark.xdist_group("tls")  # what its tests share is made once


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def options(authority: Authority) -> list[str]:
    cert, key = authority.issue("opa")
    return [f"--tls-cert-file={cert}", f"--tls-private-key-file={key}"]


@pytest.fixture(scope="module")
def with_tls(
    opa_path: Path,
    bundles: BundleServer,
    keys: tuple[Path, Path],
    options: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sidecar]:
    """OPA with a certificate; clients come with tokens."""
    publish(opa_path, ROOT / "policy", ROOT / "config", keys[0], bundles.folder)
    with sidecar(opa_path, tmp_path_factory.mktemp("tls"), bundles.url, keys[1], *options) as started:
        yield secure(started)


@pytest.fixture(scope="module")
def with_mutual_tls(
    opa_path: Path,
    bundles: BundleServer,
    keys: tuple[Path, Path],
    options: list[str],
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sidecar]:
    """OPA that asks for the client's certificate too; clients stand in its list by their subject."""
    publish(opa_path, ROOT / "policy", ROOT / "config", keys[0], bundles.folder)
    more = [*options, "--authentication=tls", f"--tls-ca-cert-file={authority.ca}"]
    listed = {"CN=icaccess": ["decide"], "CN=expired": ["decide"], "CN=prometheus": ["metrics"]}
    folder = tmp_path_factory.mktemp("mtls")
    with sidecar(opa_path, folder, bundles.url, keys[1], *more, clients=listed) as started:
        yield secure(started)


def secure(started: Sidecar) -> Sidecar:
    started.url = started.url.replace("http:", "https:")
    return started


def connect(
    opa: Sidecar, ca: Path, cert: tuple[str, str] | None = None, token: str | None = None
) -> AccessClient:
    return AccessClient(opa.url, token, 60, ca=str(ca), cert=cert)


def test_a_client_that_trusts_the_authority_gets_in(with_tls: Sidecar, authority: Authority) -> None:
    with connect(with_tls, authority.ca, token=CLIENT) as client:
        wait_until(client.ready, "OPA is ready")
        assert client.revisions().policy
    with connect(with_tls, authority.ca, token="wrong") as client, pytest.raises(EngineError, match="401"):
        client.revisions()


def test_a_certificate_of_another_authority_is_not_trusted(with_tls: Sidecar, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "Another Authority")
    with (
        connect(with_tls, other.ca, token=CLIENT) as client,
        pytest.raises(
            EngineError, match=r"is not trusted \(.*unable to get local issuer.*certificate as `ca`"
        ),
    ):
        client.revisions()


def test_a_client_is_known_by_its_certificate(with_mutual_tls: Sidecar, authority: Authority) -> None:
    with connect(with_mutual_tls, authority.ca, authority.issue("icaccess")) as client:
        wait_until(client.ready, "OPA is ready")
        assert client.revisions().policy
    # A certificate of the same authority for somebody else is known, and may not.
    for name in ("prometheus", "somebody"):
        with (
            connect(with_mutual_tls, authority.ca, authority.issue(name), CLIENT) as client,
            pytest.raises(EngineError, match="HTTP 401"),
        ):
            client.revisions()


def test_missing_or_wrong_certificate_files_are_named(
    with_tls: Sidecar, authority: Authority, tmp_path: Path
) -> None:
    none = tmp_path / "none.pem"
    none.write_text("none")
    absent = ("/absent/cert.pem", "/absent/key.pem")
    other = authority.issue("icaccess")[0], authority.issue("somebody")[1]
    for ca, cert, says in (
        (Path("/absent/ca.pem"), None, "ca: /absent/ca.pem cannot be read: No such file or directory"),
        (authority.ca, absent, "cert: /absent/cert.pem cannot be read: No such file or directory"),
        (authority.ca, (str(none), str(none)), f"cert: {none} and {none} cannot be used"),
        (authority.ca, other, "KEY_VALUES_MISMATCH"),
    ):
        with pytest.raises(UsageError, match=says):
            connect(with_tls, ca, cert, CLIENT)


@pytest.mark.parametrize("with_cert", ["none", "expired", "another authority's"])
def test_no_entry_without_a_certificate(
    with_mutual_tls: Sidecar, authority: Authority, tmp_path: Path, with_cert: str
) -> None:
    cert = {
        "none": lambda: None,
        "expired": lambda: authority.issue("expired", days=-1),
        "another authority's": lambda: Authority(tmp_path / "other").issue("icaccess"),
    }[with_cert]()
    with (
        connect(with_mutual_tls, authority.ca, cert, CLIENT) as client,
        pytest.raises(
            EngineError,
            match=f"^OPA at {with_mutual_tls.url}/.*: TLS failed .* accepts the client's certificate$",
        ),
    ):
        client.revisions()
