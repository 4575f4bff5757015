"""Commands that a signal ends before they are done."""

import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("number", "code", "says"), [("SIGINT", 130, "policywire: interrupted\n"), ("SIGTERM", 143, "")]
)
def test_a_signal_in_a_step_of_a_replay_leaves_nothing_behind(tmp_path, number, code, says):
    archive, temporary = tmp_path / "news.jsonl", tmp_path / "temporary"
    os.mkfifo(archive)
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "replay", archive, "--alerts", "alerts.jsonl"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # also where pytest's is ignored
    )
    with archive.open("wb"):  # opens as soon as the step that reads does
        assert list(temporary.glob("policywire-*"))
        process.send_signal(getattr(signal, number))
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, says)
    assert sorted(tmp_path.iterdir()) == [archive, temporary]
    assert list(temporary.iterdir()) == []
