"""A real Flink for the tests: Beam's job server with Flink in it, as a process."""

import os
from collections.abc import Iterator

import pytest

from deploy.flink.job_server import JobServer
from deploy.maven import JarsError


@pytest.fixture(scope="module")
def flink() -> Iterator[JobServer]:
    """Flink, for the tests of a module, which may kill and start it. Where Java or the jars are missing, a failure in CI
    and a skip elsewhere."""
    try:
        server = JobServer()
    except JarsError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with server:
        yield server
