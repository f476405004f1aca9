"""A frozen site to publish, services that keep objects, and what has to stand in the environment of who asks one."""

import json

import pytest
from frozen_site import FILES, site
from s3_server import S3, Server

from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree

SECRET = "s3cr3t"


@pytest.fixture
def tree(package, tmp_path):
    """A frozen directory, whose *package* may be edited, and frozen *again*."""
    shop = package(FILES)
    found = FrozenTree(tmp_path / "o")
    found.package = package.directory / shop
    found.again = lambda: freeze(site(shop), tmp_path / "o", codings=["gzip"])
    found.again()
    return found


@pytest.fixture
def credentials(monkeypatch):
    """An environment with which each of the services is asked."""
    google = {"client_email": "", "private_key": SECRET, "private_key_id": "", "disable_oauth": True}
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AZURE_STORAGE_ACCOUNT_NAME": "account",
        "AZURE_STORAGE_ACCOUNT_KEY": "czNjcjN0",
        "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(google),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def service(request, credentials):
    """A service in this process: S3's, or each with the mark `every_service`."""
    pytest.importorskip("obstore")
    server = Server(getattr(request, "param", S3))
    yield server
    server.end()
