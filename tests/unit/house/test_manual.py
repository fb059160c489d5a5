"""The manual can't drift: what an operator can set, type or bind stands in it."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.registered import PARTS

from toban import wiring
from toban.chapters.backup.bindings import BackupBinding, DrillBinding
from toban.chapters.errors.bindings import ErrorBinding
from toban.chapters.logs.bindings import SyslogBinding, SyslogTls
from toban.chapters.objectives.bindings import ObjectiveBinding, StatusBinding, StatusService
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import (
    DiscoveryBinding,
    Frame,
    HeartbeatBinding,
    LayerBinding,
    NoticeBinding,
    Person,
    System,
)
from toban.engine.bindings.senders import SenderBinding
from toban.engine.runs.kinds import BatchBinding

ROOT = Path(__file__).parents[3]
COMMANDS = {*wiring.COMMANDS, *(name for each in PARTS.extensions for name in each.commands)}
MANUAL = ROOT / "docs" / "manual"


def page(name: str) -> str:
    return (MANUAL / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under *heading*, up to the next of the same depth."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"no section {heading}"
    return rest.partition("\n## ")[0]


def ours(point: str) -> list[str]:
    """Return the kinds of *point* that Toban brings itself: packages have manuals of their own."""
    modules = PARTS.kinds.modules[point]
    return sorted(name for name, module in modules.items() if module.startswith("toban."))


def undocumented(model: type[BaseModel], text: str) -> list[str]:
    return [key for key in model.model_fields if f"`{key}`" not in text]


def test_every_setting_is_in_the_manual() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    settings = set(re.findall(r"\bTOBAN_[A-Z][A-Z_]*[A-Z]\b", source))

    assert "TOBAN_HOME" in settings
    assert sorted(name for name in settings if f"| `{name}`" not in page("settings.md")) == []


def test_every_command_is_in_the_manual() -> None:
    text = page("commands.md")

    assert [name for name in COMMANDS if f"| `toban {name}" not in text] == []


def test_the_manual_names_no_command_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `toban (\w+)", page("commands.md"), re.MULTILINE))

    assert sorted(named - COMMANDS) == []


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (System, "`[system]`"),
        (Person, '`[people."役割"]`'),
        (LayerBinding, '`[duty."役割"]`'),
        (NoticeBinding, "`[notices]`"),
        (HeartbeatBinding, "`[heartbeat]`"),
        (SenderBinding, "`[senders.名前]`"),
        (SyslogBinding, "`[syslog]`"),
        (SyslogTls, "`[syslog]`"),
        (ErrorBinding, "`[errors.アプリ]`"),
        (StatusBinding, "`[status]`"),
        (StatusService, "`[status]`"),
        (ObjectiveBinding, '`[objectives."目標"]`'),
    ],
    ids=[
        "system",
        "people",
        "layers",
        "notices",
        "heartbeat",
        "senders",
        "syslog",
        "syslog-tls",
        "errors",
        "status",
        "services",
        "objectives",
    ],
)
def test_every_key_of_a_table_is_in_the_manual(model: type[BaseModel], heading: str) -> None:
    assert undocumented(model, section(page("bindings.md"), heading)) == []


def test_every_table_of_the_bindings_is_in_the_manual() -> None:
    text = page("bindings.md")

    assert [name for name in Frame.model_fields if f"## `[{name}" not in text] == []


@pytest.mark.parametrize("kind", ours("channels"))
def test_every_key_of_a_channel_is_in_the_manual(kind: str) -> None:
    config = import_module(PARTS.kinds.modules["channels"][kind]).TRANSPORT.config

    assert undocumented(config, section(page("channels.md"), f'`kind = "{kind}"`')) == []


@pytest.mark.parametrize("kind", ours("sources"))
def test_every_key_of_a_source_is_in_the_manual(kind: str) -> None:
    config = import_module(PARTS.kinds.modules["sources"][kind]).KIND.config

    assert undocumented(config, section(page("sources.md"), f'`kind = "{kind}"`')) == []


@pytest.mark.parametrize("kind", ours("log_sources"))
def test_every_key_of_a_log_source_is_in_the_manual(kind: str) -> None:
    config = import_module(PARTS.kinds.modules["log_sources"][kind]).KIND.config

    assert undocumented(config, section(page("logs-senders.md"), f'`kind = "{kind}"`')) == []


@pytest.mark.parametrize("kind", ours("discoveries"))
def test_every_key_of_a_discovery_is_in_the_manual(kind: str) -> None:
    config = import_module(PARTS.kinds.modules["discoveries"][kind]).KIND.config
    own = set(config.model_fields) - set(DiscoveryBinding.model_fields)
    text = section(page("sources.md"), f'検出 `kind = "{kind}"` / Discovery')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


def test_what_every_discovery_may_say_is_in_the_manual() -> None:
    text = page("sources.md").partition("# 増減する機械")[2].partition("\n## ")[0]

    assert undocumented(DiscoveryBinding, text) == []


@pytest.mark.parametrize("kind", ours("batches"))
def test_every_key_of_a_batch_is_in_the_manual(kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["batches"][kind]).KIND.config.model_fields) - set(
        BatchBinding.model_fields
    )
    text = section(page("batches.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


def test_what_every_batch_may_say_is_in_the_manual() -> None:
    heading = "どの種類にも書けるキー / Keys of every kind"

    assert undocumented(BatchBinding, section(page("batches.md"), heading)) == []


@pytest.mark.parametrize("kind", ours("stores"))
def test_every_key_of_a_store_is_in_the_manual(kind: str) -> None:
    config = import_module(PARTS.kinds.modules["stores"][kind]).KIND.config

    assert undocumented(config, section(page("backups.md"), f'`kind = "{kind}"`')) == []


@pytest.mark.parametrize("kind", ours("backups"))
def test_every_key_of_a_backup_engine_is_in_the_manual(kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["backups"][kind]).KIND.config.model_fields) - set(
        BackupBinding.model_fields
    )
    text = section(page("backups.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


def test_what_every_backup_engine_may_say_is_in_the_manual() -> None:
    heading = "どのエンジンにも書けるキー / Keys of every engine"

    assert undocumented(BackupBinding, section(page("backups.md"), heading)) == []


def test_what_a_drill_may_say_is_in_the_manual() -> None:
    assert undocumented(DrillBinding, section(page("restore.md"), "訓練 / Drills")) == []


def test_every_event_of_the_audit_log_is_in_the_manual() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    events = set(re.findall(r'\brecord\(\s*"([a-z-]+)"', source))

    assert "signed-in" in events
    assert sorted(event for event in events if f"`{event}`" not in page("security.md")) == []


@pytest.mark.parametrize(
    "name", ["README.md", "README.ja.md", "CONTRIBUTING.md", "examples/webshop/invoices/README.md"]
)
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(ROOT / name) == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_links_of_the_documentation_lead_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def broken_links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    return [link for link in links if "://" not in link and not (path.parent / link).exists()]


def test_every_example_of_a_target_can_be_read(tmp_path: Path) -> None:
    schema = PARTS.schema
    blocks = re.findall(r"^```toml\n(.*?)^```$", page("sources.md"), re.MULTILINE | re.DOTALL)
    examples = [block for block in blocks if block.startswith("[")]

    assert len(examples) >= 3
    for example in examples:
        assert read_bindings(example, tmp_path / "toban.toml", schema).targets.keys()
