"""A timeline as Markdown and as JSON values, sorted by time; what is hidden is left out. Pure."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from toban.chapters.incident.timeline.kinds import TimelineLine
from toban.message import Message
from toban.text import in_markdown


def shown(lines: Iterable[TimelineLine]) -> Sequence[TimelineLine]:
    """Return *lines* without the hidden ones, in the order of their times."""
    return sorted((each for each in lines if not each.is_hidden), key=lambda each: (each.at, each.number))


def markdown(title: Message, lines: Iterable[TimelineLine], zone: ZoneInfo, language: str) -> str:
    """Return the timeline as Markdown, in *language* and the times of *zone*."""
    head = Message("incident-reports.timeline-of", title=title).in_language(language)
    written = [f"# {in_markdown(head)}", ""]
    for each in shown(lines):
        at = f"{each.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        kind, said = each.kind.word.in_language(language), in_markdown(each.said.in_language(language))
        by = f" ({in_markdown(each.by)})" if each.by else ""
        mark = Message("incident-reports.amended").in_language(language) if each.is_amended else ""
        written.append(f"- {at} **{kind}** {said}{by}{f' [{mark}]' if mark else ''}")
    return "\n".join((*written, ""))


def as_json(lines: Iterable[TimelineLine], language: str) -> list[dict[str, object]]:
    """Return the timeline as JSON values; the text is in *language*, code and values stand beside it."""
    return [
        {
            "number": each.number,
            "at": each.at.isoformat(),
            "kind": str(each.kind),
            "text": each.said.in_language(language),
            **each.said.as_json(),
            "by": each.by,
            "source": each.key,
            "url": each.url,
            "is_amended": each.is_amended,
        }
        for each in shown(lines)
    ]
