"""The AWS account of the reference: metrics, a log group, a database instance and two buckets, in moto."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx

REGION, ACCESS, SECRET = "ap-northeast-1", "AKIATOBANTEST", "a-secret-of-the-tests"
ALB, GROUP = "app/shop/50dc6c495c0c9188", "targetgroup/shop/73e2d6bc24d8a067"
LOGS = "/ecs/shop"
WEB = "shop-web"
"""The Auto Scaling group."""
_TO_COME = 45
"""Minutes that a run of the tests may take."""


def now() -> str:
    """Return the time as applications write it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def client(service: str, url: str) -> Any:
    """Return a client of *service* at *url*."""
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET
    )


def furnish(url: str) -> None:
    """Make everything that the bindings name."""
    client("rds", url).create_db_instance(
        DBInstanceIdentifier="shop",
        Engine="postgres",
        DBInstanceClass="db.m5.large",
        AllocatedStorage=100,
        MaxAllocatedStorage=500,
        MasterUsername="toban",
        MasterUserPassword="hunter22",
    )
    _scale(url)
    s3 = client("s3", url)
    for bucket in ("bucket", "shop-files"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="shop-files", VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    }
    moves = {
        "ID": "old-files",
        "Status": "Enabled",
        "Filter": {"Prefix": "images/"},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
    }
    s3.put_bucket_lifecycle_configuration(
        Bucket="shop-files", LifecycleConfiguration={"Rules": [rule, moves]}
    )
    _charge(url)
    measure(url)
    logs = client("logs", url)
    logs.create_log_group(logGroupName=LOGS)
    logs.create_log_stream(logGroupName=LOGS, logStreamName="web-1")


def _charge(url: str) -> None:
    """Have Cost Explorer tell of the last hundred days."""
    today = datetime.now(UTC).date()
    first = (today - timedelta(days=100)).replace(day=1)
    lines = (
        ("Amazon Elastic Compute Cloud - Compute", "Usage", "20"),
        ("Amazon Relational Database Service", "DiscountedUsage", "10"),
        ("Amazon ElastiCache", "DiscountedUsage", "5"),
        ("Amazon Simple Storage Service", "Usage", "2"),
    )
    groups = [
        {
            "Keys": [service, record],
            "Metrics": {name: {"Amount": cost, "Unit": "USD"} for name in ("UnblendedCost", "AmortizedCost")},
        }
        for service, record, cost in lines
    ]
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    results = [
        {"TimePeriod": {"Start": f"{on}", "End": f"{on}"}, "Total": {}, "Groups": groups, "Estimated": True}
        for on in days
    ]
    told = {"ResultsByTime": results, "DimensionValueAttributes": []}
    said = httpx.post(f"{url}/moto-api/static/ce/cost-and-usage-results", json={"results": [told] * 4})
    said.raise_for_status()


def _scale(url: str) -> None:
    """Make two web servers that grow as the document says: CPU 70% for half an hour, one more."""
    scaling = client("autoscaling", url)
    scaling.create_launch_configuration(
        LaunchConfigurationName=WEB, ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=WEB,
        LaunchConfigurationName=WEB,
        MinSize=2,
        MaxSize=10,
        DesiredCapacity=2,
        AvailabilityZones=[f"{REGION}a"],
    )
    scaling.put_scaling_policy(
        AutoScalingGroupName=WEB,
        PolicyName="cpu-70",
        PolicyType="SimpleScaling",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
        Cooldown=1800,
    )
    (policy,) = scaling.describe_policies(AutoScalingGroupName=WEB)["ScalingPolicies"]
    alarm(url, policy["PolicyARN"])


def alarm(url: str, policy: str, threshold: float = 70.0) -> None:
    """Have the *policy* of the web servers begin at this CPU use; repeating it changes the limit."""
    client("cloudwatch", url).put_metric_alarm(
        AlarmName="web-cpu",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": WEB}],
        Statistic="Average",
        Period=300,
        EvaluationPeriods=6,
        Threshold=threshold,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[policy],
        ActionsEnabled=True,
    )


def measure(url: str) -> None:
    """Store values for the last minutes and for those to come: each shows when its time is there."""
    database = {"CPUUtilization": 12.5, "DatabaseConnections": 7.0, "FreeStorageSpace": 60.0 * (1 << 30)}
    balancer = {"RequestCount": 200.0, "HTTPCode_Target_5XX_Count": 0.0, "TargetResponseTime": 0.1}
    _put(url, "AWS/RDS", {"DBInstanceIdentifier": "shop"}, **database)
    _put(url, "AWS/ApplicationELB", {"LoadBalancer": ALB}, **balancer)
    _put(url, "AWS/ApplicationELB", {"LoadBalancer": ALB, "TargetGroup": GROUP}, HealthyHostCount=2.0)


def _put(url: str, namespace: str, dimensions: Mapping[str, str], **values: float) -> None:
    client("cloudwatch", url).put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions.items()],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=back),
                "Value": value,
            }
            for name, value in values.items()
            for back in range(-_TO_COME, 4)
        ],
    )


def write_logs(url: str, lines: Sequence[Mapping[str, object]]) -> None:
    """Write *lines* as JSON into the log group."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [
        {"timestamp": now + number, "message": json.dumps(each, ensure_ascii=False)}
        for number, each in enumerate(lines)
    ]
    client("logs", url).put_log_events(logGroupName=LOGS, logStreamName="web-1", logEvents=events)
