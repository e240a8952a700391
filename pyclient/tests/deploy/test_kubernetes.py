"""The Kubernetes manifests: built by kustomize, held against Kubernetes' schemas, closed by default."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from icaccess import __version__

pytestmark = pytest.mark.xdist_group("kubernetes")  # what its tests share is made once

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
VARIANTS = ("sidecar", "replicas", "cronjob")
VERSIONS = ("1.31", "1.34")
Manifest = dict[str, Any]


@pytest.fixture(scope="module", params=VARIANTS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """What one variant applies."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl: it builds the kustomization")
    built = subprocess.run(
        ["kubectl", "kustomize", FOLDER / request.param], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def pod_specs(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """The pods' specifications and their labels' name."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield spec["template"]["metadata"]["labels"]["app.kubernetes.io/name"], spec["template"]["spec"]


@pytest.fixture(scope="module")
def schemas() -> ModuleType:
    """`kubernetes_validate`, which takes long to import, and only here."""
    return import_module("kubernetes_validate")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_fits_the_schema(manifests: list[Manifest], schemas: ModuleType, version: str) -> None:
    for manifest in manifests:
        schemas.validate(manifest, version, strict=True)


def test_the_schemas_find_a_mistake(manifests: list[Manifest], schemas: ModuleType) -> None:
    wrong = next(manifest for manifest in manifests if manifest["kind"] in ("Deployment", "CronJob"))
    with pytest.raises(schemas.ValidationError):
        schemas.validate({**wrong, "spec": {**wrong["spec"], "replica": 2}}, "1.34", strict=True)


def test_each_container_has_limits_and_no_privileges(manifests: list[Manifest]) -> None:
    specs = list(pod_specs(manifests))
    assert specs
    for _, spec in specs:
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert "cpu" in container["resources"]["requests"]


def test_the_image_is_of_this_version(manifests: list[Manifest]) -> None:
    containers = [c for _, spec in pod_specs(manifests) for c in spec["containers"]]
    assert f"icaccess:{__version__}" in {container["image"] for container in containers}


def test_no_secret_stands_in_a_file(manifests: list[Manifest]) -> None:
    assert "Secret" not in {manifest["kind"] for manifest in manifests}


def test_traffic_passes_only_where_a_policy_says_so(manifests: list[Manifest]) -> None:
    policies = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] == "NetworkPolicy"}
    assert policies["closed"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, _ in pod_specs(manifests):
        selected = [
            p
            for p in policies.values()
            if p["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == name
        ]
        assert any("ingress" in policy for policy in selected), name


def test_opa_runs_closed_and_on_signed_bundles(manifests: list[Manifest]) -> None:
    containers = [
        c for _, spec in pod_specs(manifests) for c in [*spec.get("initContainers", []), *spec["containers"]]
    ]
    (opa,) = [container for container in containers if container["name"] == "opa"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["opa"]
    assert opa["image"] == compose["image"]
    for option in (
        "--authentication=token",
        "--authorization=basic",
        "--config-file=/opa-config/sidecar.yaml",
    ):
        assert option in opa["args"]
        assert option in compose["command"]
    assert {"/opa-config/authz.rego", "/opa-config/log.rego"} <= set(opa["args"]) & set(compose["command"])
    assert any(argument.startswith("--set-file=keys.icaccess.key=") for argument in opa["args"])


def test_icaccess_reads_each_configuration(
    manifests: list[Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from icaccess.config import load_config

    (config,) = [
        m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("icaccess-")
    ]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "opa-token").write_text("sample")
    (secrets / "store-url").write_text("postgresql://sample@127.0.0.1/sample")
    (secrets / "witness-url").write_text("https://witness.example.org/heads")
    (tmp_path / "icaccess.yaml").write_text(
        config["data"]["icaccess.yaml"].replace("/secrets/", f"{secrets}/")
    )
    load_config(tmp_path).check()
