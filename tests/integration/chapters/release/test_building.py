"""What the bound commands make of a commit, by real processes, and how much they may write."""

import tarfile
import time

import pytest
from pydantic import ValidationError
from tests.integration.chapters.release.shop import BINDINGS, STAGING, Shop

from toban.chapters.release.bindings import ReleaseBinding
from toban.chapters.release.models import Release, StoredArtifact
from toban.chapters.release.running.artifacts import archive_of
from toban.engine.runs.models import Run
from toban.message import Message

pytestmark = pytest.mark.django_db

ENDLESS = 'while :; do head -c 1000000 /dev/zero >> "$RELEASE_OUT/big"; sleep 0.05; done'


def built(shop: Shop, script: str, *more: str) -> Release:
    """Release a version to staging that *script* builds."""
    written = f"build = ['sh', '-c', '{script}']\n" if script else ""
    keys = written + "".join(f"{each}\n" for each in more)
    shop.take(BINDINGS.replace('backup = "B001"\n', f'backup = "B001"\n{keys}'))
    release = shop.release("v1", to=STAGING)
    shop.work()
    release.refresh_from_db()
    return release


def why(release: Release) -> Message:
    """Return why the step failed."""
    assert release.note.code == "runs.in-step", release.note
    found = release.note.values["said"]
    assert isinstance(found, Message)
    return found


def test_what_the_build_writes_is_the_artefact(shop: Shop) -> None:
    release = built(shop, 'echo "$RELEASE_VERSION $RELEASE_COMMIT" > "$RELEASE_OUT/built"')

    stored = StoredArtifact.objects.get()
    assert release.state == Release.State.WATCHED, str(release.note)
    with tarfile.open(archive_of(stored, shop.home)) as archive:
        assert archive.getnames() == ["built"]
        made = archive.extractfile("built")
        assert made is not None
        assert made.read().decode() == f"v1 {stored.commit}\n"


def test_a_build_that_does_not_end_writing_is_stopped(shop: Shop) -> None:
    began = time.monotonic()
    release = built(shop, ENDLESS, 'largest = "5MB"')

    assert (release.state, why(release).code) == (Release.State.FAILED, "release.too-large")
    assert why(release).values["largest"] == "5 MB"
    assert time.monotonic() - began < 30
    run = Run.objects.get(work="artifact/shop")
    assert (run.state, run.attempts.count()) == (Run.State.FAILED, 1)
    assert StoredArtifact.objects.get().digest == ""
    assert list((shop.home / "releases" / "work").iterdir()) == []


def test_a_build_that_has_written_too_much_at_its_end_fails(shop: Shop) -> None:
    release = built(shop, 'head -c 5000001 /dev/zero > "$RELEASE_OUT/big"', 'largest = "5MB"')

    assert (release.state, why(release).code) == (Release.State.FAILED, "release.too-large")


def test_a_build_up_to_the_limit_is_released(shop: Shop) -> None:
    release = built(shop, 'head -c 5000000 /dev/zero > "$RELEASE_OUT/big"', 'largest = "5MB"')

    assert release.state == Release.State.WATCHED, str(release.note)


def test_a_tree_without_a_build_has_the_same_limit(shop: Shop) -> None:
    release = built(shop, "", 'largest = "1B"')

    assert (release.state, why(release).code) == (Release.State.FAILED, "release.too-large")


@pytest.mark.parametrize("written", ["5", "5 apples", "0GB", "-1GB", 5])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        ReleaseBinding.model_validate({"largest": written})
