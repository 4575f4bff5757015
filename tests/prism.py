"""The prism binary for tests: built once by Go and kept under ``.cache``."""

import os
import shutil
import subprocess
from pathlib import Path

import apache_beam as beam
import pytest

CACHE = Path(__file__).parent.parent / ".cache" / "prism"
BUILD_SECONDS = 900


@pytest.fixture(scope="session")
def prism() -> Path:
    """The binary. Where Go or the module proxy is missing, a failure in CI and a skip elsewhere."""
    version = beam.version.__version__
    binary = CACHE / version / "prism"
    if binary.is_file():
        return binary
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        return _missing("no go to build prism with")
    command = [go, "install", f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{version}"]
    try:
        built = subprocess.run(
            command,
            env={**os.environ, "GOBIN": str(binary.parent)},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _missing(f"prism was not built in {BUILD_SECONDS} s")
    return binary if built.returncode == 0 else _missing(f"prism could not be built:\n{built.stderr[-2000:]}")


def _missing(why: str) -> Path:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
