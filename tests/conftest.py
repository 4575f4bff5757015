"""What all tests share: the folder of outside material, and a seeded hypothesis profile."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.brokers", "tests.flink", "tests.prism"]

settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


def shared(relative: str) -> Path:
    """A file or folder of the outside material: real news and feeds, which are no part of the project. Where it is
    missing the test fails in CI, and is skipped elsewhere."""
    path = SHARED / relative
    if not path.exists():
        message = f"needs ../shared/{relative} beside the checkout"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def seed_article() -> Path:
    """The real article that the project starts from."""
    return next(shared("seeds").glob("*.txt"))
