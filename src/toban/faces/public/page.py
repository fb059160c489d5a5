"""The public page: what the operator chose to publish, as HTML, as JSON and as files."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from toban.chapters.incident.publishing import published
from toban.chapters.objectives.bindings import StatusBinding
from toban.chapters.objectives.publishing import publishing
from toban.chapters.objectives.publishing.public import DayKind, ServiceState, StatusPage
from toban.engine.editions.edition import Edition

STATIC = Path(__file__).parent / "static"
STYLE = "public/status.css"
STATES: Mapping[ServiceState, tuple[str, Promise]] = {
    ServiceState.OPERATIONAL: ("●", gettext_lazy("正常に動いています")),
    ServiceState.MAINTENANCE: ("◆", gettext_lazy("メンテナンス中")),
    ServiceState.DEGRADED: ("▲", gettext_lazy("一部に障害があります")),
    ServiceState.DOWN: ("■", gettext_lazy("停止しています")),
    ServiceState.UNKNOWN: ("?", gettext_lazy("確認できません")),
}
DAYS: Mapping[DayKind, Promise] = {
    DayKind.GOOD: gettext_lazy("99.9%以上"),
    DayKind.FAIR: gettext_lazy("99%以上"),
    DayKind.POOR: gettext_lazy("99%未満"),
    DayKind.UNKNOWN: gettext_lazy("記録なし"),
}


def html(
    board: StatusPage,
    edition: Edition,
    now: datetime,
    language: str,
    style: str,
    links: Mapping[str, str],
) -> str:
    """Return the whole page in *language*; *style* and *links* are the addresses of the files next to it."""
    with translation.override(language):
        return render_to_string(
            "public/status.html",
            {
                "board": board,
                "overall": _said(board.state),
                "services": [
                    (each, _said(each.state), list(enumerate(each.days))) for each in board.services
                ],
                "incidents": published(now),
                "troubles": [(each, _said(each.state)) for each in board.troubles],
                "kinds": [(kind.value, word) for kind, word in DAYS.items()],
                "words": {kind.value: word for kind, word in DAYS.items()},
                "now": now,
                "zone": edition.bindings.system.zone,
                "zone_name": _zone_name(now, edition.bindings.system.zone),
                "language": language,
                "style": style,
                "links": links,
            },
        )


def files(edition: Edition, status: StatusBinding, now: datetime) -> Mapping[str, bytes]:
    """Return the page as self-contained files: name → content."""
    board = publishing.board(status, edition.design, edition.bindings, now)
    links = {"ja": "index.html", "en": "en.html", "json": "status.json"}
    style = STYLE.rpartition("/")[2]
    return {
        links["ja"]: html(board, edition, now, "ja", style, links).encode(),
        links["en"]: html(board, edition, now, "en", style, links).encode(),
        links["json"]: as_json(board, now).encode(),
        style: (STATIC / STYLE).read_bytes(),
    }


def _said(state: ServiceState) -> tuple[str, str, str]:
    mark, word = STATES[state]
    return state.value, mark, str(word)


def _zone_name(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).tzname() or str(zone)


def as_json(board: StatusPage, now: datetime) -> str:
    """Return the page's content as JSON."""
    told = {
        "title": board.title,
        "note": board.note,
        "state": board.state,
        "generated_at": now.isoformat(),
        "observed_at": board.seen_at.isoformat() if board.seen_at is not None else None,
        "services": [
            {
                "name": each.name,
                "state": each.state,
                "since": each.since.isoformat() if each.since is not None else None,
                "availability_percent": each.share and round(each.share, 3),
                "days": [
                    {
                        "date": day.date.isoformat(),
                        "availability_percent": None if day.share is None else round(day.share, 3),
                    }
                    for day in each.days
                ],
            }
            for each in board.services
        ],
        "incidents": [
            {
                "service": each.service,
                "state": each.state,
                "from": each.began_at.isoformat(),
                "until": each.ended_at.isoformat() if each.ended_at is not None else None,
            }
            for each in board.troubles
        ],
        "notices": [
            {
                "note": each.note,
                "from": each.began_at.isoformat(),
                "until": each.recovered_at.isoformat() if each.recovered_at is not None else None,
            }
            for each in published(now)
        ],
        "maintenance": [
            {"services": each.services, "from": each.start.isoformat(), "until": each.end.isoformat()}
            for each in board.maintenance
        ],
    }
    return json.dumps(told, ensure_ascii=False)
