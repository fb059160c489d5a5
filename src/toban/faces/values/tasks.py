"""Tasks as JSON values: the same by command and by the API."""

from toban.engine.tasks.lists import OpenTask


def task_values(task: OpenTask) -> dict[str, object]:
    """Return an open task as JSON values, with times in UTC."""
    run, people = task.run, task.people
    return {
        "task": run.pk,
        "work": run.work,
        "clause": run.clause_id,
        "name": task.name,
        "roles": list(people.terms.roles),
        "due_at": run.due_at.isoformat(),
        "due_until": run.due_until.isoformat() if run.due_until else None,
        "is_late": task.is_late,
        "able": list(people.able),
        "why_nobody": people.why_nobody.as_output() if people.why_nobody else None,
        "handed_on_to": people.handover.taker_person if people.handover else None,
        "why_handed_back": people.why_lapsed.as_output() if people.why_lapsed else None,
        "facts": [
            {
                "label": fact.label.as_output(),
                "value": fact.value.as_output(),
                "is_exception": fact.is_exception,
            }
            for fact in task.facts
        ],
        "shown": task.shown,
    }
