"""The format and kind of lines come from the table of their sender."""

from toban.chapters.logs.intake.origins import ClaimedOrigin, written
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.senders import SenderBinding

SENDER = SenderBinding.model_validate(
    {
        "token": Secret("env:T"),
        "may": ["logs"],
        "log": "アプリログ",
        "service": "shop",
        "files": [
            {"path": "/var/log/nginx/*", "format": "access", "log": "アクセスログ", "service": "nginx"},
            {"path": "/var/log/nginx/error.log"},
            {"path": "*.json", "format": "json"},
        ],
    }
)


def test_lines_without_a_file_use_the_settings_of_the_sender() -> None:
    found = written("web", SENDER)

    assert (found.format, found.origin.kind, found.origin.service) == ("json", "application", "shop")


def test_the_first_matching_file_table_describes_its_lines() -> None:
    found = written("web", SENDER, ClaimedOrigin("/var/log/nginx/error.log", "web-1", 1795694400.25))

    assert (found.format, found.origin.kind, found.origin.service) == ("access", "access", "nginx")
    assert found.origin.known == {"file": "/var/log/nginx/error.log", "host": "web-1"}
    assert found.origin.at == 1795694400.25


def test_settings_missing_for_a_file_come_from_the_sender() -> None:
    found = written("web", SENDER, ClaimedOrigin("/srv/app/log.json"))

    assert (found.format, found.origin.kind, found.origin.service) == ("json", "application", "shop")


def test_a_file_without_a_table_is_text() -> None:
    assert written("web", SENDER, ClaimedOrigin("/var/log/other")).format == "text"
    binding = SENDER.model_copy(update={"format": "docker"})
    assert written("web", binding, ClaimedOrigin("/var/log/other")).format == "docker"


def test_the_journal_has_the_journalctl_format_whatever_else_its_sender_writes() -> None:
    binding = SenderBinding.model_validate(
        {
            "token": "env:T",
            "may": ["logs"],
            "format": "access",
            "files": [{"path": "journal", "service": "os"}],
        }
    )

    how = written("web", binding, ClaimedOrigin(file="journal"))

    assert (how.format, how.origin.service) == ("journald", "os")
