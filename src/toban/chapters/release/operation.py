"""The operation of chapter 5: releases begin when they are due, and what serves is watched."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.conf import settings

from toban.chapters.release.deployments import ReleaseChapterPlan, plan
from toban.chapters.release.drills import rehearsal
from toban.chapters.release.engine import DEPLOYMENTS
from toban.chapters.release.ordering import first
from toban.chapters.release.ordering.renames import Renames
from toban.chapters.release.places import folder_of
from toban.chapters.release.rows import report, verifying
from toban.chapters.release.rows.looking import Looks
from toban.chapters.release.running import instances, stock, underway
from toban.chapters.release.running.underway import Watch
from toban.chapters.release.running.works import works
from toban.chapters.release.source import RELEASES
from toban.chapters.release.tracking.tracker import Tracker
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.runs.work import Work
from toban.engine.tasks import chores
from toban.engine.trial import Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> ReleaseChapterPlan:
    made = plan(edition)
    return replace(made, tasks=verifying.works(made, edition))


def _works(made: ReleaseChapterPlan) -> Mapping[str, Work]:
    return {**works(made), **rehearsal.works(made), **made.tasks}


def _shift(_at: Workplace) -> WorkerShift:
    watch, looks, tracker, renames = Watch(), Looks(), Tracker(settings.HOME), Renames(settings.HOME)

    def current(edition: Edition, now: datetime) -> ReleaseChapterPlan:
        made: ReleaseChapterPlan = edition.plan(OPERATION)
        # Before anything is looked for under a table's new name.
        renames.look(made, now)
        return made

    def look(edition: Edition, now: datetime) -> None:
        underway.look(current(edition, now), now)

    def see(edition: Edition, now: datetime) -> None:
        watch.look(current(edition, now), now)

    def track(edition: Edition, now: datetime) -> None:
        tracker.step(current(edition, now), now)

    def serve(edition: Edition, now: datetime) -> None:
        looks.look(current(edition, now), now)

    def tell(edition: Edition, now: datetime) -> None:
        made = current(edition, now)
        verifying.open_wanted(made, made.tasks, now)
        report.tell(made, edition, now)

    def begin(edition: Edition, now: datetime) -> None:
        first.look(current(edition, now), settings.HOME, now)

    def mend(edition: Edition, now: datetime) -> None:
        instances.mend(current(edition, now))

    def clear(edition: Edition, now: datetime) -> None:
        stock.clear(current(edition, now), settings.HOME, now)

    loops = (
        EditionLoop("release-sources", track, every=1.0, leads=True),
        EditionLoop("release", look, every=1.0, leads=True),
        EditionLoop("release-watch", see, every=5.0, leads=True),
        EditionLoop("release-serving", serve, every=60.0, leads=True),
        EditionLoop("release-status", tell, every=5.0, leads=True),
        EditionLoop("release-first", begin, every=2.0, leads=True),
        EditionLoop("release-instances", mend, every=10.0, leads=True),
        EditionLoop("release-stock", clear, every=3600.0, leads=True),
    )
    return WorkerShift(loops)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    found: ReleaseChapterPlan = edition.plan(OPERATION)
    bindings = edition.bindings
    for name, service in found.services.items():
        yield Trial(
            TrialCode.RELEASE,
            Message("release.trial-source", service=name),
            place_of(bindings, "releases", name),
            quote_of("releases", name, RELEASES.of(bindings)[name]),
            partial(service.kind.doubts, service.config, folder_of(settings.HOME, "sources", name)),
            Message("release.check-source"),
        )
    for name, each in found.deployments.items():
        yield Trial(
            TrialCode.RELEASE,
            Message("release.trial-deployment", name=name),
            place_of(bindings, "deployments", name),
            quote_of("deployments", name, DEPLOYMENTS.of(bindings)[name]),
            partial(each.kind.doubts, each.config, each.site(settings.HOME)),
            Message("release.check-deployment"),
        )


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    yield from chores.to_do(edition.plan(OPERATION).tasks, edition, seen)


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, trials=_trials, to_do=_to_do)
