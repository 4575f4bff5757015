import pytest

from tests.crash.process import RunProcess


@pytest.fixture
def start(tmp_path):
    """Starts processes of ``policywire run`` in ``tmp_path``; those still alive at the end are killed."""
    started = []

    def begin(*arguments, **environment):
        started.append(RunProcess(tmp_path, *arguments, **environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
