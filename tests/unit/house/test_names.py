"""A class name stands for one thing: whoever searches for it finds that, and nothing else."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
MOST = 0.04
"""Some names are not ours to choose: Django's `Migration`, and a choice within two models."""


def test_class_names_stand_for_one_thing() -> None:
    places = _places(
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for top in ("src/toban", "examples")
        for path in sorted((ROOT / top).rglob("*.py"))
    )

    assert len(places) > 500
    several = _several(places)
    told = "\n".join(f"{name}: {', '.join(files)}" for name, files in several.items())
    assert len(several) < MOST * len(places), told


def test_a_private_name_counts_with_the_public_one_and_meta_does_not_count() -> None:
    places = _places(
        {
            "told.py": "class _Told:\n    class Meta: ...\n",
            "words.py": "class Told:\n    class Meta: ...\n",
            "kept.py": "def keep():\n    class Kept: ...\n",
        }.items()
    )

    assert _several(places) == {"Told": ["told.py", "words.py"]}
    assert places.keys() == {"Told", "Kept"}


def _several(places: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: files for name, files in sorted(places.items()) if len(files) > 1}


def _places(modules: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return where each class name is defined, by file; a name's leading underscore tells nothing apart."""
    found = defaultdict(list)
    for file, text in modules:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and node.name != "Meta":
                found[node.name.lstrip("_")].append(file)
    return dict(found)
