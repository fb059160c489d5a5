"""The shop's bucket with the pictures of its products, behind S3's API.

`python -m shop.bucket --port 8313`. The server is moto's: it holds all in memory, so each start begins anew,
and it takes any key. Former versions are kept for 30 days, and pictures move to Glacier after half a year, as
the shop's operations design has it.
"""

import threading
from typing import Any

import boto3
import click
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "shop-files"
REGION = "ap-northeast-1"
RULES = (
    {
        "ID": "former-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    },
    {
        "ID": "old-pictures",
        "Status": "Enabled",
        "Filter": {"Prefix": "images/"},
        "Transitions": [{"Days": 180, "StorageClass": "GLACIER"}],
    },
)
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3"/></svg>'


class QuietHandler(WSGIRequestHandler):
    """Logs no request: Toban asks every hour, and nobody reads it."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def fill(client: Any) -> None:
    """Make the bucket as the shop has it."""
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": RULES})
    for name in ("tea", "salt", "sugar"):
        client.put_object(Bucket=BUCKET, Key=f"images/{name}.svg", Body=PICTURE.encode())


@click.command()
@click.option("--port", type=int, required=True)
def main(port: int) -> None:
    """Serve the bucket until a signal; nobody is answered before it is filled."""
    app = DomainDispatcherApplication(create_backend_app)
    inside = make_server("127.0.0.1", 0, app, request_handler=QuietHandler)
    threading.Thread(target=inside.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{inside.server_port}"
    keys = {"aws_access_key_id": "example", "aws_secret_access_key": "example"}
    fill(boto3.client("s3", endpoint_url=endpoint, region_name=REGION, **keys))
    inside.shutdown()
    make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler).serve_forever()


if __name__ == "__main__":
    main()
