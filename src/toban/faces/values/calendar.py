"""A day of the calendar as JSON values: on the terminal and in the API."""

from toban.engine.calendar.agenda import AgendaDay
from toban.faces.words.agenda import title


def day_values(day: AgendaDay) -> dict[str, object]:
    """Return *day* with what falls on it."""
    return {
        "date": day.date.isoformat(),
        "business_day": day.is_business_day,
        "holiday": day.holiday.as_output() if day.holiday else None,
        "entries": [
            {
                "clause": entry.clause.id,
                "title": title(entry.clause),
                "at": str(entry.clause.origin),
                "start": entry.start.isoformat(),
                "end": entry.end.isoformat(),
                "all_day": entry.is_all_day,
                "meets": list(entry.meets),
            }
            for entry in day.entries
        ],
    }
