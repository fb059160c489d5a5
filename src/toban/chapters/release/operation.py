"""The operation of chapter 5: releases begin when they are due, and what serves is watched."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.conf import settings

from toban.chapters.release.deployments import ReleaseChapterPlan, folder_of, plan
from toban.chapters.release.engine import DEPLOYMENTS
from toban.chapters.release.running import underway
from toban.chapters.release.running.underway import Watch
from toban.chapters.release.running.works import works
from toban.chapters.release.source import RELEASES
from toban.chapters.release.tracking.tracker import Tracker
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.trial import Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _shift(_at: Workplace) -> WorkerShift:
    watch, tracker = Watch(), Tracker(settings.HOME)

    def look(edition: Edition, now: datetime) -> None:
        underway.look(edition.plan(OPERATION), now)

    def see(edition: Edition, now: datetime) -> None:
        watch.look(edition.plan(OPERATION), now)

    def track(edition: Edition, now: datetime) -> None:
        tracker.step(edition.plan(OPERATION), now)

    loops = (
        EditionLoop("release-sources", track, every=1.0, leads=True),
        EditionLoop("release", look, every=1.0, leads=True),
        EditionLoop("release-watch", see, every=5.0, leads=True),
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


OPERATION = Operation(plan=plan, works=works, shift=_shift, trials=_trials)
