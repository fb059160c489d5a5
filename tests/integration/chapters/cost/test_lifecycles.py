"""The rules of real buckets are read, compared and proposed."""

from dataclasses import replace
from typing import Any

import pytest
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY, S3Server
from tests.integration.chapters.cost.place import BINDINGS, Place
from tests.ports import free_port

from toban.chapters.cost.lifecycles import looking
from toban.chapters.cost.models import LifecycleLook
from toban.chapters.cost.operation import OPERATION
from toban.engine.evidence.verdict import Verdict
from toban.faces.values.cost.month import lifecycle_values

ROW = "cost/cost-measure/S3ライフサイクル"
LOGS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 30}}
MOVES = {
    "ID": "old-images",
    "Status": "Enabled",
    "Filter": {"Prefix": "images/"},
    "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
}


@pytest.fixture(autouse=True)
def bucket_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_ACCESS", ACCESS_KEY)
    monkeypatch.setenv("S3_SECRET", SECRET_KEY)


class Bucket:
    """A bucket of a server that keeps rules, and the place that is bound to it."""

    def __init__(self, server: S3Server, place: Place, url: str = "") -> None:
        self.name, self.client, self.place = f"shop-{free_port()}", server.client(), place
        self.client.create_bucket(Bucket=self.name)
        place.take(
            f"""{BINDINGS}
[lifecycles."S3ライフサイクル"]
bucket = "{self.name}"
region = "us-east-1"
endpoint = "{url or server.url}"
access_key = "env:S3_ACCESS"
secret_key = "env:S3_SECRET"
prefix = "images/"
after = "90日"
"""
        )

    def has(self, *rules: Any) -> None:
        self.client.put_bucket_lifecycle_configuration(
            Bucket=self.name, LifecycleConfiguration={"Rules": list(rules)}
        )

    def look(self) -> Verdict:
        looking.look(self.place.edition.plan(OPERATION), self.place.now)
        self.place.tell()
        return self.place.verdict(ROW)

    def proposal(self) -> Any:
        return lifecycle_values(self.place.known())


@pytest.fixture
def bucket(ministack: S3Server, place: Place) -> Bucket:
    return Bucket(ministack, place)


def test_a_bucket_whose_rule_moves_old_objects_conforms(bucket: Bucket) -> None:
    bucket.has(LOGS, MOVES)

    assert bucket.look() is Verdict.CONFORMING, bucket.place.said(ROW)
    assert "90日でGlacierへ移ります（規則 old-images）" in bucket.place.said(ROW)
    assert bucket.proposal() == {}


def test_a_bucket_without_rules_deviates_and_what_is_proposed_mends_it(bucket: Bucket) -> None:
    assert bucket.look() is Verdict.DEVIATING
    assert "何かを移す規則がありません" in bucket.place.said(ROW)

    bucket.has(*bucket.proposal()[bucket.name]["Rules"])
    bucket.place.now += looking._EVERY

    assert bucket.look() is Verdict.CONFORMING, bucket.place.said(ROW)


def test_what_is_proposed_keeps_the_rules_that_there_are(bucket: Bucket) -> None:
    bucket.has(LOGS, {**MOVES, "Transitions": [{"Days": 365, "StorageClass": "GLACIER"}]})

    assert bucket.look() is Verdict.DEVIATING
    assert "365日後で、90日後ではありません" in bucket.place.said(ROW)
    bucket.has(*bucket.proposal()[bucket.name]["Rules"])
    bucket.place.now += looking._EVERY
    assert bucket.look() is Verdict.CONFORMING, bucket.place.said(ROW)
    kept = bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    assert {"logs", "old-images"} <= {each["ID"] for each in kept}


def test_what_two_measures_propose_for_a_bucket_is_one_set_of_rules(bucket: Bucket) -> None:
    bucket.look()
    images = bucket.place.edition.plan(OPERATION).lifecycles[0]
    other = replace(images.row, name="ログの移動")
    logs = replace(images, row=other, config=images.config.model_copy(update={"prefix": "log/"}))
    looking.look(replace(bucket.place.edition.plan(OPERATION), lifecycles=(images, logs)), bucket.place.now)

    rules = looking.proposals((images, logs))[bucket.name]

    assert [each["Filter"]["Prefix"] for each in rules] == ["images/", "log/"]


def test_a_bucket_that_nobody_has_looked_at_yet_is_not_due(bucket: Bucket) -> None:
    bucket.place.tell()

    assert bucket.place.verdict(ROW) is Verdict.NOT_DUE


def test_a_bucket_that_is_gone_is_not_measurable_and_says_so(bucket: Bucket) -> None:
    bucket.client.delete_bucket(Bucket=bucket.name)

    assert bucket.look() is Verdict.NOT_MEASURABLE
    assert "NoSuchBucket" in bucket.place.said(ROW)
    assert SECRET_KEY not in bucket.place.said(ROW)
    (trial,) = list(OPERATION.trials(bucket.place.edition, bucket.place.now))[1:]
    assert [str(doubt) for doubt in trial.doubts()]


def test_rules_that_nobody_could_read_for_a_day_say_nothing(ministack: S3Server, place: Place) -> None:
    bucket = Bucket(ministack, place)
    bucket.has(MOVES)
    assert bucket.look() is Verdict.CONFORMING
    bucket.client.delete_bucket(Bucket=bucket.name)
    bucket.place.now += looking._EVERY
    assert bucket.look() is Verdict.CONFORMING

    bucket.place.now += looking._OLDEST

    assert bucket.look() is Verdict.NOT_MEASURABLE


def test_the_rules_of_another_bucket_are_not_those_of_this_one(ministack: S3Server, place: Place) -> None:
    Bucket(ministack, place).has(MOVES)
    bucket = Bucket(ministack, place)

    assert bucket.look() is Verdict.DEVIATING
    assert LifecycleLook.objects.count() == 1


def test_what_is_not_bound_says_what_to_write(place: Place) -> None:
    assert "[lifecycles.名前]" in str(place.edition.plan(OPERATION).rows[ROW])
