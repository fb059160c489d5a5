"""A package extends Toban with entry points, as the manual says: nothing in Toban names it."""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.manual import BOTH, page, section
from tests.registered import PARTS

from toban import wiring
from toban.chapters.monitoring.source import SOURCE_KINDS, Unmeasurable
from toban.engine.bindings.load import read_bindings
from toban.engine.extension import Extension
from toban.engine.registry.kinds import KindPoint

ROOT = Path(__file__).parents[3]
PAGES = {language: page(language, "extending.md") for language in ("ja", "en")}
"""The page on extending, in both languages."""
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
INVOICES = ROOT / "examples" / "webshop" / "invoices"
POINTS = [point for each in PARTS.extensions for point in each.points]

EVERY_POINT = pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)

type Install = Callable[[Mapping[str, Mapping[str, str]]], None]
"""Installs a package with these entry points: group → name → module."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    def act(groups: Mapping[str, Mapping[str, str]]) -> None:
        lines = [
            line
            for group, points in groups.items()
            for line in (f"[{group}]", *(f"{name} = {module}" for name, module in points.items()))
        ]
        info = tmp_path / "outside-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.syspath_prepend(str(tmp_path))

    return act


def example(language: str, syntax: str, beginning: str) -> str:
    """Return the manual's example with that beginning."""
    blocks = re.findall(rf"^```{syntax}\n(.*?)^```$", PAGES[language], re.MULTILINE | re.DOTALL)
    [found] = [block for block in blocks if block.startswith(beginning)]
    return str(found)


@EVERY_POINT
def test_the_manual_says_how_a_package_adds_a_kind(point: KindPoint[object]) -> None:
    holds = f"{point.type.__module__}.{point.type.__name__}"

    for text in PAGES.values():
        assert f"\n| `toban.{point.name}` | `{point.attribute}` | `{holds}` | " in text


@BOTH
def test_the_manual_documents_everything_an_extension_may_declare(language: str) -> None:
    named = section(PAGES[language], "`Extension`")

    assert "\n| `toban.extensions` | `EXTENSION` | `toban.engine.extension.Extension` | " in PAGES[language]
    assert [each.name for each in fields(Extension) if f"\n| `{each.name}` | " not in named] == []


@EVERY_POINT
def test_a_package_can_add_a_kind(point: KindPoint[object], install: Install) -> None:
    name, module = next(iter(PARTS.kinds.modules[point.name].items()))
    install({f"toban.{point.name}": {"outside": module, name: "no.such.module"}})

    kinds = wiring.parts().kinds

    assert kinds.of(point)["outside"] is kinds.of(point)[name]
    # The order preferred by `toban init` is unchanged.
    assert [*kinds.modules[point.name]] == [*PARTS.kinds.modules[point.name], "outside"]


def test_a_package_can_add_an_extension(install: Install, tmp_path: Path) -> None:
    (tmp_path / "outside_extension.py").write_text(
        "from toban.engine.extension import Extension\n"
        'EXTENSION = Extension(name="outside", manual="", apps=("outside",), '
        'kinds={"batches": {"outside": "outside.kind", "command": "outside.kind"}})\n'
    )
    install({"toban.extensions": {"outside": "outside_extension"}})

    parts = wiring.parts()

    assert [each.apps for each in parts.extensions if each.name == "outside"] == [("outside",)]
    assert parts.kinds.modules["batches"]["outside"] == "outside.kind"
    assert parts.kinds.modules["batches"]["command"] == PARTS.kinds.modules["batches"]["command"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("EXTENSION = None\n", "broken_outside.EXTENSION is no Extension"),
    ],
)
def test_a_package_that_cannot_be_loaded_is_named_with_a_hint(
    written: str,
    said: str,
    install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken_outside.py").write_text(written)
    install({"toban.extensions": {"outside": "broken_outside"}})
    monkeypatch.setattr(sys, "argv", ["toban", "--help"])

    with pytest.raises(SystemExit) as exited:
        wiring.main()

    assert exited.value.code == 2
    assert capsys.readouterr().err == (
        f"パッケージ broken_outside を読み込めません: {said}\n"
        "HINT: broken_outside を直すか、Toban の環境から外してください\n"
    )
    sys.modules.pop("broken_outside", None)


@BOTH
def test_the_example_source_in_the_manual_works(
    language: str, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = example(language, "python", '"""`kind = "touched"`')
    (tmp_path / "toban_touched.py").write_text(module, encoding="utf-8")
    install(tomllib.loads(example(language, "toml", "[build-system]"))["project"]["entry-points"])
    monkeypatch.delitem(sys.modules, "toban_touched", raising=False)
    alive = tmp_path / "alive"
    written = example(language, "toml", "[targets.").replace("/run/shop/alive", str(alive))
    parts = wiring.parts()

    bindings = read_bindings(written, tmp_path / "toban.toml", parts.schema)
    [[bound]] = bindings.targets.values()
    source = parts.kinds.of(SOURCE_KINDS)[bound.kind].build(bound.config)

    with pytest.raises(Unmeasurable, match="No such file"):
        source.measure(NOON)
    alive.touch()
    os.utime(alive, (0, NOON.timestamp()))
    [new], [old] = (source.measure(NOON + timedelta(seconds=age)) for age in (60, 61))
    assert (new.value, old.value) == (1.0, 0.0)


@BOTH
def test_the_example_extension_in_the_manual_is_that_of_the_shop(language: str) -> None:
    entry_points = tomllib.loads((INVOICES / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "entry-points"
    ]

    written = tomllib.loads(example(language, "toml", "[project.entry"))
    assert written["project"]["entry-points"] == entry_points
    assert example(language, "python", '"""What the package brings') == (
        INVOICES / "toban_invoices" / "extension.py"
    ).read_text(encoding="utf-8")
