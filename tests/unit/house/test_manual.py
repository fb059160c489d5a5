"""The manual can't drift: it contains everything an operator can set, type or bind."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.manual import BOTH, MANUAL, outline, page, section
from tests.registered import PARTS

from toban import wiring
from toban.chapters.backup.bindings import BackupBinding, DrillBinding
from toban.chapters.capacity.bindings import ResourceBinding
from toban.chapters.capacity.usage import RESOURCES
from toban.chapters.errors.bindings import ErrorBinding
from toban.chapters.logs.bindings import SyslogBinding, SyslogTls
from toban.chapters.objectives.bindings import ObjectiveBinding, StatusBinding, StatusService
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import (
    BindingsFrame,
    DiscoveryBinding,
    HeartbeatBinding,
    LayerBinding,
    NoticeBinding,
    Person,
    System,
)
from toban.engine.bindings.senders import SenderBinding
from toban.engine.notify.delivery.channel import ChannelConfig
from toban.engine.runs.kinds import BatchBinding

ROOT = Path(__file__).parents[3]
COMMANDS = {*wiring.COMMANDS, *(name for each in PARTS.extensions for name in each.commands)}
DATA = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL)
"""Code, file content and link targets."""
PAGES = sorted({path.name for path in MANUAL.glob("*/*.md")})


def ours(point: str) -> list[str]:
    """Return Toban's own kinds of *point*: packages have their own manuals."""
    modules = PARTS.kinds.modules[point]
    return sorted(name for name, module in modules.items() if module.startswith("toban."))


def _discoveries(language: str) -> str:
    """Return the second part of the page on sources."""
    return re.split(r"^# ", page(language, "sources.md"), flags=re.MULTILINE)[2]


def undocumented(model: type[BaseModel], text: str) -> list[str]:
    return [key for key in model.model_fields if f"`{key}`" not in text]


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_pages_headings_and_tables(name: str) -> None:
    assert outline(page("ja", name)) == outline(page("en", name))


@pytest.mark.parametrize("name", PAGES)
def test_the_english_manual_has_japanese_only_as_data_and_the_japanese_no_english_sentence(name: str) -> None:
    english, japanese = (DATA.sub("", page(language, name)) for language in ("en", "ja"))

    assert re.findall(r"[ぁ-んァ-ヶ一-龠]+", english) == []
    assert re.findall(r"\b[A-Za-z]{2,}(?: [a-z]{2,}){4,}", japanese) == []


@BOTH
def test_the_index_links_to_every_page(language: str) -> None:
    index = page(language, "README.md")

    assert [name for name in PAGES if name != "README.md" and f"]({name})" not in index] == []


@BOTH
def test_every_setting_is_in_the_manual(language: str) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    settings = set(re.findall(r"\bTOBAN_[A-Z][A-Z_]*[A-Z]\b", source))

    assert "TOBAN_HOME" in settings
    assert sorted(name for name in settings if f"| `{name}`" not in page(language, "settings.md")) == []


@BOTH
def test_every_command_is_in_the_manual(language: str) -> None:
    text = page(language, "commands.md")

    assert [name for name in COMMANDS if f"| `toban {name}" not in text] == []


@BOTH
def test_the_manual_names_no_command_that_does_not_exist(language: str) -> None:
    named = set(re.findall(r"^\| `toban (\w+)", page(language, "commands.md"), re.MULTILINE))

    assert sorted(named - COMMANDS) == []


@BOTH
@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (System, "`[system]`"),
        (Person, '`[people."'),
        (LayerBinding, '`[duty."'),
        (NoticeBinding, "`[notices]`"),
        (HeartbeatBinding, "`[heartbeat]`"),
        (SenderBinding, "`[senders."),
        (SyslogBinding, "`[syslog]`"),
        (SyslogTls, "`[syslog]`"),
        (ErrorBinding, "`[errors."),
        (StatusBinding, "`[status]`"),
        (StatusService, "`[status]`"),
        (ObjectiveBinding, '`[objectives."'),
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
def test_every_key_of_a_table_is_in_the_manual(language: str, model: type[BaseModel], heading: str) -> None:
    assert undocumented(model, section(page(language, "bindings.md"), heading)) == []


@BOTH
def test_every_table_of_the_bindings_is_in_the_manual(language: str) -> None:
    text = page(language, "bindings.md")

    assert [name for name in BindingsFrame.model_fields if f"## `[{name}" not in text] == []


@BOTH
@pytest.mark.parametrize("kind", ours("channels"))
def test_every_key_of_a_channel_is_in_the_manual(language: str, kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["channels"][kind]).TRANSPORT.config.model_fields) - set(
        ChannelConfig.model_fields
    )
    text = section(page(language, "channels.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


@BOTH
def test_the_keys_common_to_every_channel_are_in_the_manual(language: str) -> None:
    heading = {"ja": "どの種類にも書けるキー", "en": "Keys of every kind"}[language]

    assert undocumented(ChannelConfig, section(page(language, "channels.md"), heading)) == []


@BOTH
@pytest.mark.parametrize("kind", ours("sources"))
def test_every_key_of_a_source_is_in_the_manual(language: str, kind: str) -> None:
    config = import_module(PARTS.kinds.modules["sources"][kind]).KIND.config

    assert undocumented(config, section(page(language, "sources.md"), f'`kind = "{kind}"`')) == []


@BOTH
@pytest.mark.parametrize("kind", ours("log_sources"))
def test_every_key_of_a_log_source_is_in_the_manual(language: str, kind: str) -> None:
    config = import_module(PARTS.kinds.modules["log_sources"][kind]).KIND.config

    assert undocumented(config, section(page(language, "logs-senders.md"), f'`kind = "{kind}"`')) == []


@BOTH
@pytest.mark.parametrize("kind", ours("discoveries"))
def test_every_key_of_a_discovery_is_in_the_manual(language: str, kind: str) -> None:
    config = import_module(PARTS.kinds.modules["discoveries"][kind]).KIND.config
    own = set(config.model_fields) - set(DiscoveryBinding.model_fields)
    text = _discoveries(language).partition(f'`kind = "{kind}"`\n')[2].partition("\n## ")[0]

    assert sorted(key for key in own if f"`{key}`" not in text) == []


@BOTH
def test_the_keys_common_to_every_discovery_are_in_the_manual(language: str) -> None:
    text = _discoveries(language).partition("\n## ")[0]

    assert undocumented(DiscoveryBinding, text) == []


@BOTH
@pytest.mark.parametrize("kind", ours("batches"))
def test_every_key_of_a_batch_is_in_the_manual(language: str, kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["batches"][kind]).KIND.config.model_fields) - set(
        BatchBinding.model_fields
    )
    text = section(page(language, "batches.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


@BOTH
def test_the_keys_common_to_every_batch_are_in_the_manual(language: str) -> None:
    heading = {"ja": "どの種類にも書けるキー", "en": "Keys of every kind"}[language]

    assert undocumented(BatchBinding, section(page(language, "batches.md"), heading)) == []


@BOTH
@pytest.mark.parametrize("kind", ours("stores"))
def test_every_key_of_a_store_is_in_the_manual(language: str, kind: str) -> None:
    config = import_module(PARTS.kinds.modules["stores"][kind]).KIND.config

    assert undocumented(config, section(page(language, "backups.md"), f'`kind = "{kind}"`')) == []


@BOTH
@pytest.mark.parametrize("kind", ours("backups"))
def test_every_key_of_a_backup_engine_is_in_the_manual(language: str, kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["backups"][kind]).KIND.config.model_fields) - set(
        BackupBinding.model_fields
    )
    text = section(page(language, "backups.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


@BOTH
@pytest.mark.parametrize("kind", ours("resources"))
def test_every_key_of_a_usage_source_is_in_the_manual(language: str, kind: str) -> None:
    own = set(import_module(PARTS.kinds.modules["resources"][kind]).KIND.config.model_fields) - set(
        ResourceBinding.model_fields
    )
    text = section(page(language, "resources.md"), f'`kind = "{kind}"`')

    assert sorted(key for key in own if f"`{key}`" not in text) == []


@BOTH
def test_the_keys_common_to_every_usage_source_are_in_the_manual(language: str) -> None:
    heading = {"ja": "どの種類にも書けるキー", "en": "Keys of every kind"}[language]

    assert undocumented(ResourceBinding, section(page(language, "resources.md"), heading)) == []


@BOTH
def test_every_example_of_a_resource_can_be_read(language: str, tmp_path: Path) -> None:
    examples = re.findall(r"^```toml\n(.*?)^```$", page(language, "resources.md"), re.MULTILINE | re.DOTALL)

    read = [read_bindings(example, tmp_path / "toban.toml", PARTS.schema) for example in examples]

    assert {each.kind for bindings in read for each in RESOURCES.of(bindings).values()} == set(
        ours("resources")
    )


@BOTH
def test_the_keys_common_to_every_backup_engine_are_in_the_manual(language: str) -> None:
    heading = {"ja": "どのエンジンにも書けるキー", "en": "Keys of every engine"}[language]

    assert undocumented(BackupBinding, section(page(language, "backups.md"), heading)) == []


@BOTH
def test_the_keys_of_a_drill_are_in_the_manual(language: str) -> None:
    assert (
        undocumented(
            DrillBinding, section(page(language, "restore.md"), {"ja": "訓練", "en": "Drills"}[language])
        )
        == []
    )


@BOTH
def test_every_event_of_the_audit_log_is_in_the_manual(language: str) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    events = set(re.findall(r'\brecord\(\s*"([a-z-]+)"', source))

    assert "signed-in" in events
    assert sorted(event for event in events if f"`{event}`" not in page(language, "security.md")) == []


@pytest.mark.parametrize(
    "name", ["README.md", "README.ja.md", "CONTRIBUTING.md", "examples/webshop/invoices/README.md"]
)
def test_every_link_in_the_manual_has_a_target(name: str) -> None:
    assert broken_links(ROOT / name) == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_every_link_in_the_documentation_has_a_target(path: Path) -> None:
    assert broken_links(path) == []


def broken_links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    return [link for link in links if "://" not in link and not (path.parent / link).exists()]


@BOTH
def test_every_example_of_a_target_can_be_read(language: str, tmp_path: Path) -> None:
    schema = PARTS.schema
    blocks = re.findall(r"^```toml\n(.*?)^```$", page(language, "sources.md"), re.MULTILINE | re.DOTALL)
    examples = [block for block in blocks if block.startswith("[")]

    assert len(examples) >= 3
    for example in examples:
        assert read_bindings(example, tmp_path / "toban.toml", schema).targets.keys()
