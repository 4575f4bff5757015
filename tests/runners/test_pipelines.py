import tempfile

import pytest

from pipeline.ledger import Ledger
from pipeline.runners.pipelines import empty_pipeline
from pipeline.runners.replay import replay
from pipeline.runners.rounds import Rounds
from pipeline.settings import Settings
from tests.conftest import ROOT
from tests.scripted import ScriptedSource, news


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_pipeline_that_is_never_run_leaves_no_folder(scratch):
    empty_pipeline(["--streaming"])
    assert list(scratch.iterdir()) == []


def test_rounds_leave_no_folder(scratch, tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        run = Rounds(ledger, [ScriptedSource([news(1), news(2)], step=1)], Settings(), alerts_to=[])
        assert run.run_one() is not None
        assert list(scratch.iterdir()) == []  # nor would a kill now leave one
        assert run.run_one() is not None
        run.close()
    assert list(scratch.iterdir()) == []


def test_a_replay_leaves_no_folder(scratch):
    with replay([ROOT / "seeds" / "feed.xml"], Settings()):
        pass
    assert list(scratch.iterdir()) == []


def test_every_pipeline_begins_there():
    makers = [path for path in (ROOT / "pipeline").rglob("*.py") if "beam.Pipeline(" in path.read_text()]
    assert makers == [ROOT / "pipeline" / "runners" / "pipelines.py"]
