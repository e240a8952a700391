"""One word for one thing: a public name of a class or of a type means the same everywhere in the package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "icaccess"


def _public_types(path: Path) -> list[str]:
    """The names of the classes and type aliases that a module defines at its top."""
    names = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [one.id for one in targets if isinstance(one, ast.Name)]
    return [name for name in names if name[0].isupper() and not name.isupper()]


def test_no_two_modules_define_the_same_name() -> None:
    modules = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in _public_types(path):
            modules[name].append(path.relative_to(PACKAGE).as_posix())
    assert len(modules) > 100
    twice = {name: found for name, found in modules.items() if len(found) > 1}
    assert not twice
