"""One sidecar for the whole folder, where a test does not need one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sidecar.service import BundleServer, Sidecar, bundle_server, new_key, ready_sidecar


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The private and the public key of the bundles."""
    return new_key(tmp_path_factory.mktemp("keys"), "bundles")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BundleServer]:
    """The server of the bundles."""
    with bundle_server(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(scope="module")
def opa(
    opa_path: Path, bundles: BundleServer, keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sidecar]:
    """OPA as it runs in service, ready."""
    with ready_sidecar(opa_path, tmp_path_factory.mktemp("opa"), bundles, keys) as started:
        yield started
