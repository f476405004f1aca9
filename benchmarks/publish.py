"""
A frozen release to a bucket: what a request costs the machine that publishes, through our client and through boto3.

    python benchmarks/publish.py [FILES]

The same release is published by the same code into buckets of the same local server, once through our destination and once
through one that calls boto3. The server is a process of its own; what is measured is the CPU time of the process that publishes,
without starting and without freezing, divided by the objects that were made.
"""

import contextlib
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

SERVER = """
import sys, time, logging
logging.disable(logging.CRITICAL)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""
FILES = 200
ROUNDS = 3
AIM = 3.0


class Boto:
    """A destination as `assetzcml.resolving.destinations.Destination` says, through boto3."""

    def __init__(self, bucket, endpoint):
        import boto3
        from botocore.config import Config

        self.bucket = bucket
        self.client = boto3.client("s3", endpoint_url=endpoint, config=Config(max_pool_connections=32))

    def writing(self):
        return contextlib.nullcontext()

    def listing(self, below=""):
        from assetzcml.resolving.destinations import Listed

        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=below)
        return {
            each["Key"]: Listed(each["Size"], each["ETag"].strip('"'), each["LastModified"].timestamp())
            for page in pages
            for each in page.get("Contents", ())
        }

    def _said(self, headers):
        names = {"Content-Type": "ContentType", "Content-Encoding": "ContentEncoding", "Cache-Control": "CacheControl"}
        return {names[name]: value for name, value in headers.items() if name in names}

    def create(self, key, data, headers):
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*", ChecksumAlgorithm="SHA256", **self._said(headers)
        )
        return True

    def put(self, key, data, headers):
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=data, ChecksumAlgorithm="SHA256", **self._said(headers)
        )

    def swap(self, key, data, headers, before):
        return self.create(key, data, headers)

    def copy(self, source, key):
        self.client.copy_object(Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": source})

    def read(self, key):
        return None

    def tag_of(self, data):
        from assetzcml.resolving.destinations import md5_of

        return md5_of(data)


def child(side, port, tree, number):
    """Publish, and print the milliseconds of CPU that an object has cost."""
    from assetzcml.publishing.frozen_tree import FrozenTree
    from assetzcml.publishing.publish import publish
    from assetzcml.resolving.destinations import destination_at

    endpoint, bucket = f"http://127.0.0.1:{port}", f"bucket-{side}-{number}"
    Boto(bucket, endpoint).client.create_bucket(Bucket=bucket)
    target = Boto(bucket, endpoint) if side == "boto3" else destination_at(f"s3://{bucket}", endpoint)
    target.listing()  # connections, and what is imported at the first request
    began = time.process_time()
    done = publish(FrozenTree(tree), target)
    print((time.process_time() - began) * 1000 / (done.contents + done.names + done.plain))


def frozen(top, count):
    from assetzcml import AssetRegistry, DigestCacheBuster
    from assetzcml.publishing.freeze import freeze

    draw = random.Random(count)
    root = top / "root"
    root.mkdir()
    for number in range(count):
        (root / f"f{number}.bin").write_bytes(draw.randbytes(draw.randrange(500, 8000)))
    registry = AssetRegistry()
    registry.add_static_view("static", str(root))
    registry.add_cache_buster(str(root), DigestCacheBuster())
    freeze(registry, top / "tree", codings=["gzip"])
    return top / "tree"


def main(count):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    took = {"boto3": [], "assetzcml": []}
    with (
        tempfile.TemporaryDirectory() as directory,
        subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        port = server.stdout.readline().strip()
        tree = frozen(pathlib.Path(directory), count)
        for number in range(ROUNDS):
            for side, times in took.items():
                command = [sys.executable, __file__, "--child", side, port, str(tree), str(number)]
                times.append(float(subprocess.run(command, env=environment, check=True, capture_output=True).stdout))
        server.stdin.close()
    peer, ours = (statistics.median(took[side]) for side in ("boto3", "assetzcml"))
    print(
        f"publish, CPU of the client for an object: boto3 {peer:.2f} ms, assetzcml {ours:.2f} ms: {peer / ours:.1f} x "
        f"(aim {AIM:g} x)"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else FILES)
