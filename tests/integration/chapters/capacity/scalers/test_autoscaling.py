"""Auto Scaling groups of moto's server, of ministack's, and of an AWS that refuses or takes its time."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.integration.buckets import S3Server
from tests.integration.chapters.capacity.scalers import killed_scaler
from tests.integration.chapters.capacity.scalers.between import (
    REGION,
    SECRET,
    Between,
    activities,
    client,
    pending,
)
from tests.ports import free_port
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.chapters.capacity.scalers.autoscaling.scaler import AutoScalingScaler
from toban.engine.runs.rules import RunReason
from toban.message import NOTHING, Message


@dataclass
class WatchedTurn(FakeTurn):
    """A turn in whose wait something happens."""

    act: Callable[[], object] = lambda: None

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        super().progress(percent, text)
        self.act()


def written(url: str, group: str, **more: object) -> dict[str, object]:
    """The keys of the table."""
    return {
        "region": REGION,
        "endpoint_url": url,
        "access_key": "env:AWS_ACCESS",
        "secret_key": "env:AWS_SECRET",
        "group": group,
        **more,
    }


def scaler(url: str, group: str) -> AutoScalingScaler:
    """A scaler that looks often."""
    return AutoScalingScaler(AutoScalingGroup.model_validate(written(url, group)), look=0.05)


def make(url: str, size: int, most: int, *, least: int = 0) -> str:
    """Make a group of *size* instances; return its name."""
    name, scaling = f"web{free_port()}", client("autoscaling", url)
    scaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=least,
        MaxSize=most,
        DesiredCapacity=size,
        AvailabilityZones=[f"{REGION}a"],
    )
    return name


def seen(url: str, name: str) -> Any:
    """Return the group as AWS itself describes it."""
    (group,) = client("autoscaling", url).describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return group


def refused(act: Callable[[], object]) -> ScalingFailed:
    """Return the failure of *act*; it holds no secret."""
    with pytest.raises(ScalingFailed) as failed:
        act()
    assert SECRET not in str(failed.value)
    return failed.value


@pytest.fixture
def another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of ministack's Auto Scaling."""
    monkeypatch.setenv("AWS_ACCESS", "test")
    monkeypatch.setenv("AWS_SECRET", "test")
    port = free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "autoscaling,ec2,cloudwatch",
    }
    program = Path(sys.executable).with_name("ministack")
    server = S3Server([str(program)], environment, port, tmp_path / "ministack.log")
    server.start()
    yield server.url
    server.stop()


def test_a_group_grows_and_shrinks_and_its_cool_down_is_not_waited_for(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), FakeTurn()
    group = scaler(aws.url, name)
    before = group.size()

    group.resize(3, turn)
    grown = group.size()
    group.resize(2, turn)
    group.close()

    assert (before, grown, group.size()) == (GroupSize(2, 2, 5), GroupSize(3, 3, 5), before)
    assert all("HonorCooldown=false" in body for body in aws.actions("SetDesiredCapacity"))
    assert turn.said == [f"{name} に 3 台を注文しました", f"{name} に 2 台を注文しました"]


def test_a_group_of_ministack_grows_and_shrinks(another: str) -> None:
    name = make(another, 1, 3)
    group = scaler(another, name)

    group.resize(3, FakeTurn())
    grown = group.size()
    group.resize(1, FakeTurn())

    assert (grown, group.size()) == (GroupSize(3, 3, 3), GroupSize(1, 1, 3))


def test_a_group_that_has_its_size_is_not_ordered_again(aws: Between) -> None:
    name = make(aws.url, 3, 5)

    scaler(aws.url, name).resize(3, FakeTurn())

    assert aws.actions("SetDesiredCapacity") == []


def test_what_is_ill_or_set_aside_does_not_serve(aws: Between) -> None:
    name = make(aws.url, 3, 6)
    scaling, instances = client("autoscaling", aws.url), seen(aws.url, name)["Instances"]
    scaling.set_instance_health(InstanceId=instances[0]["InstanceId"], HealthStatus="Unhealthy")
    scaling.enter_standby(
        AutoScalingGroupName=name,
        InstanceIds=[instances[1]["InstanceId"]],
        ShouldDecrementDesiredCapacity=True,
    )

    assert scaler(aws.url, name).size() == GroupSize(wanted=2, serving=1, most=6)


def test_it_is_waited_until_what_was_added_is_in_service(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), WatchedTurn()
    aws.changed["DescribeAutoScalingGroups"] = pending(1)

    def begin_the_last() -> None:
        if len(turn.progressed) == 3:
            aws.changed.clear()

    turn.act = begin_the_last
    scaler(aws.url, name).resize(3, turn)

    assert len(turn.progressed) == 3
    assert turn.progressed[-1] == (100 * 2 / 3, "3 台中 2 台が動いています")


def test_what_aws_cannot_launch_is_said_and_ends_after_three_failures(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), WatchedTurn()
    aws.changed["DescribeAutoScalingGroups"] = pending(1)
    aws.changed["DescribeScalingActivities"] = activities("long ago")
    reasons = ["We currently do not have sufficient t3.micro capacity", "long ago"]

    def fail_again() -> None:
        reasons.insert(0, reasons[0])
        aws.changed["DescribeScalingActivities"] = activities(*reasons)

    turn.act = fail_again
    failed = refused(lambda: scaler(aws.url, name).resize(3, turn))

    assert turn.said[1:] == ["AWS: We currently do not have sufficient t3.micro capacity"] * 3
    assert "3 台になりませんでした。いま注文されているのは 3 台、動いているのは 2 台です" in str(failed)
    assert "sufficient t3.micro capacity" in str(failed)
    assert "toban capacity scale GROUP --to N" in str(failed)
    assert failed.retry


def test_what_aws_has_under_way_is_waited_for(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), FakeTurn()
    aws.refused["SetDesiredCapacity"] = [(400, "ScalingActivityInProgress"), (400, "ResourceContention")]

    scaler(aws.url, name).resize(3, turn)

    assert scaler(aws.url, name).size().serving == 3
    assert [text for _, text in turn.progressed] == ["AWS が進めている変更が終わるのを待っています"] * 2


def test_a_run_that_is_called_off_says_what_is_there(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    aws.changed["DescribeAutoScalingGroups"] = pending(1)

    failed = refused(lambda: scaler(aws.url, name).resize(3, FakeTurn(stop_after="注文しました")))

    assert "いま注文されているのは 3 台、動いているのは 2 台です: 中断されました (cancelled)" in str(failed)


def test_an_order_of_somebody_else_meanwhile_is_not_fought(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), WatchedTurn()
    aws.changed["DescribeAutoScalingGroups"] = pending(1)

    def order() -> None:
        client("autoscaling", aws.url).set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=4)

    turn.act = order
    failed = refused(lambda: scaler(aws.url, name).resize(3, turn))

    assert "ほかのだれかが 4 台を注文しました" in str(failed)
    assert seen(aws.url, name)["DesiredCapacity"] == 4


@pytest.mark.parametrize("to", [6, 0])
def test_a_size_that_the_group_does_not_allow_is_refused_before_it_is_ordered(aws: Between, to: int) -> None:
    name = make(aws.url, 2, 5, least=1)

    failed = refused(lambda: scaler(aws.url, name).resize(to, FakeTurn()))

    assert f"{to} 台は、{name} に許された 1 台から 5 台までの外です" in str(failed)
    assert "MaxSize" in str(failed)
    assert not failed.retry
    assert seen(aws.url, name)["DesiredCapacity"] == 2


@pytest.mark.parametrize(("to", "process"), [(3, "Launch"), (3, "AddToLoadBalancer"), (1, "Terminate")])
def test_a_group_whose_processes_somebody_stopped_is_refused(aws: Between, to: int, process: str) -> None:
    name = make(aws.url, 2, 5)
    client("autoscaling", aws.url).suspend_processes(AutoScalingGroupName=name, ScalingProcesses=[process])

    failed = refused(lambda: scaler(aws.url, name).resize(to, FakeTurn()))

    assert f"{name} の処理が止められています: {process}" in str(failed)
    assert f"aws autoscaling resume-processes --auto-scaling-group-name {name}" in str(failed)


def test_a_group_that_is_gone_is_named_with_a_way_out(aws: Between) -> None:
    failed = refused(lambda: scaler(aws.url, "nowhere").resize(3, FakeTurn()))

    assert str(failed).startswith(f"{REGION} に Auto Scaling グループ nowhere はありません")
    assert not failed.retry


def test_a_group_that_is_deleted_meanwhile_ends_it(aws: Between) -> None:
    name, turn = make(aws.url, 2, 5), WatchedTurn()
    aws.changed["DescribeAutoScalingGroups"] = pending(1)

    def delete() -> None:
        aws.changed.clear()
        client("autoscaling", aws.url).delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)

    turn.act = delete
    failed = refused(lambda: scaler(aws.url, name).resize(3, turn))

    assert f"Auto Scaling グループ {name} はありません" in str(failed)


@pytest.mark.parametrize(
    ("action", "status", "code", "retry", "said"),
    [
        ("SetDesiredCapacity", 403, "AccessDenied", False, "autoscaling:SetDesiredCapacity"),
        ("DescribeAutoScalingGroups", 403, "AccessDenied", False, "autoscaling:DescribeAutoScalingGroups"),
        ("DescribeScalingActivities", 403, "AccessDenied", False, "autoscaling:DescribeScalingActivities"),
        ("DescribeAutoScalingGroups", 403, "InvalidClientTokenId", False, "InvalidClientTokenId"),
        ("SetDesiredCapacity", 400, "ValidationError", False, "ValidationError said so"),
    ],
)
def test_what_aws_refuses_is_said_with_a_way_out(
    aws: Between, action: str, status: int, code: str, retry: bool, said: str
) -> None:
    name = make(aws.url, 2, 5)
    aws.refused[action] = [(status, code)]

    failed = refused(lambda: scaler(aws.url, name).resize(3, FakeTurn()))

    assert said in str(failed)
    assert failed.retry is retry
    assert seen(aws.url, name)["DesiredCapacity"] == 2


def test_a_throttled_request_is_repeated_and_at_last_given_up_for_now(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    aws.refused["SetDesiredCapacity"] = [(400, "Throttling")] * 2
    scaler(aws.url, name).resize(3, FakeTurn())
    aws.refused["SetDesiredCapacity"] = [(400, "Throttling")] * 5

    failed = refused(lambda: scaler(aws.url, name).resize(4, FakeTurn()))

    assert failed.retry
    assert "あとでやり直せます" in str(failed)
    assert seen(aws.url, name)["DesiredCapacity"] == 3


def test_a_secret_that_is_missing_is_named_and_not_shown(
    aws: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET")

    assert "AWS_SECRET" in str(refused(lambda: scaler(aws.url, "web").size()))


@pytest.mark.usefixtures("aws")
def test_an_aws_that_does_not_answer_may_be_asked_later() -> None:
    assert refused(lambda: scaler(f"http://127.0.0.1:{free_port()}", "web").size()).retry


def test_a_worker_that_is_killed_while_it_waits_has_ordered_once(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    aws.changed["DescribeAutoScalingGroups"] = pending(1)
    binding = json.dumps(written(aws.url, name))
    command = [sys.executable, "-m", killed_scaler.__name__, "autoscaling", binding, "3"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[5]) as worker:
        end = time.monotonic() + 60
        while not aws.actions("SetDesiredCapacity"):
            assert worker.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
    aws.changed.clear()

    scaler(aws.url, name).resize(3, FakeTurn())

    assert len(aws.actions("SetDesiredCapacity")) == 1
    assert scaler(aws.url, name).size() == GroupSize(3, 3, 5)
    assert len(seen(aws.url, name)["Instances"]) == 3


def test_a_time_that_is_over_ends_it(aws: Between) -> None:
    name = make(aws.url, 2, 5)
    aws.refused["SetDesiredCapacity"] = [(400, "ScalingActivityInProgress")] * 1000

    failed = refused(lambda: scaler(aws.url, name).resize(3, FakeTurn(stop=RunReason.TIMED_OUT)))

    assert "いま注文されているのは 2 台、動いているのは 2 台です" in str(failed)
