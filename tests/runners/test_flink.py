"""The graph on Flink: an archive to its end, and a stream whose Flink and workers are killed in the midst of it."""

import signal

import pytest

from pipeline.alerts.transform import DecideBounded
from pipeline.graph import policy_alerts
from pipeline.runners.pipelines import empty_pipeline
from pipeline.runners.replay import replay
from pipeline.runners.streaming import runner_options
from pipeline.settings import Settings
from pipeline.sinks.spool import Spool, in_order
from pipeline.sources.archive import ReadArchive
from schemas import DeadLetter
from tests.conftest import ROOT
from tests.runners.stage import Stage, ids
from tests.scripted import news
from tests.waiting import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.flink]

FILES = [ROOT / "seeds" / "archive.jsonl", ROOT / "seeds" / "feed.xml"]


# Workers that live in this process hear that Flink hangs up on them.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_replay_tells_on_flink_what_it_tells_here(flink, tmp_path):
    settings = Settings()
    options = ["--runner=FlinkRunner", f"--job_endpoint={flink.endpoint}", "--parallelism=2"]
    with empty_pipeline(options) as pipeline:
        decide = DecideBounded(settings.alerting.story_hours, settings.alerting.repeats)
        outputs = policy_alerts(pipeline, ReadArchive(FILES, settings.limits), settings.alerting, decide)
        for name, items in (("alerts", outputs.alerts), ("dead", outputs.dead_letters)):
            (tmp_path / name).mkdir()
            _ = items | name >> Spool(str(tmp_path / name))
    with replay(FILES, settings) as here:
        expected = list(here.alerts())
        assert expected
        assert list(in_order(tmp_path / "alerts")) == expected
        assert list(in_order(tmp_path / "dead")) == list(here.dead_letters())


@pytest.fixture
def stage(broker, tmp_path, flink):
    options = ("--checkpointing_interval=1000", "--parallelism=1")
    made = Stage(broker, tmp_path, "flink", *(f"--runner-option={option}" for option in options))
    made.flink = flink
    yield made
    made.close()


def run(stage, *arguments):
    return stage.run(f"--runner-option=--job_endpoint={stage.flink.endpoint}", *arguments)


def test_once_ends_and_a_job_started_anew_reads_on_from_the_groups_positions(stage):
    stage.publish([news(n) for n in range(100)])
    process = run(stage, "--once")
    assert process.wait(240)[0] == 0, process.log()
    assert stage.alerted() == dict.fromkeys(ids(range(100)), 1)
    assert stage.behind() == 0
    stage.publish([news(n) for n in range(100, 150)])
    assert run(stage, "--once").wait(240)[0] == 0
    assert stage.alerted() == dict.fromkeys(ids(range(150)), 1)


def test_killed_and_resumed_from_a_checkpoint_nothing_is_lost_and_what_was_known_is_known(stage):
    stage.publish([news(n) for n in range(200)])
    process = run(stage)
    wait_for(lambda: stage.behind() == 0 and stage.flink.latest(), 240)
    before = stage.flink.latest()
    wait_for(lambda: stage.flink.latest() != before, 120)
    stage.publish([news(n) for n in range(200, 2000)])
    wait_for(lambda: stage.more_alerts_than(400), 120)
    process.kill()
    stage.flink.kill()
    assert len(stage.sent()) < 2000, "nothing was under way any more"

    turned = {
        "title": "Federal Reserve lifts curbs on Bank number 3",
        "text": "The Federal Reserve lifted curbs on the lender, easing its lending rules, it said on Tuesday.",
    }
    stage.publish([news(3, **turned), b"{broken"])
    stage.flink.start(restore=stage.flink.latest())
    process = run(stage)
    wait_for(lambda: stage.behind() == 0, 240)
    alerts = stage.sent()
    assert {alert.article.id for alert in alerts} == ids(range(2000))
    assert len({alert.id for alert in alerts}) == 2001, "repeats have the ids of before"
    # The history of an article that was alerted before the kill was in the checkpoint.
    first, *_, last = (alert for alert in alerts if alert.article.id == "article-3")
    assert (last.revision, last.supersedes) == (2, first.id)
    letters = [DeadLetter.model_validate_json(m.value) for m in stage.messages(f"{stage.alerts}.dlq")]
    assert {letter.cause for letter in letters} == {"bad_json"}

    process.send(signal.SIGTERM)
    assert process.wait(60)[0] == 0, process.log()
    assert "given up" not in process.log()


def test_an_option_that_flink_does_not_have_is_one_line_and_exit_code_2(stage):
    process = run(stage, "--runner-option=--savepoint_pat=/nowhere")
    assert process.wait(120)[0] == 2, process.log()
    (line,) = process.log().splitlines()
    assert line.startswith("policywire: --runner-option --savepoint_pat: neither Beam nor the runner")
    assert line.endswith("did you mean --savepoint_path?")


def test_our_options_give_way_to_those_that_are_given():
    options = runner_options("flink", ["--checkpointing_interval=500"]).get_all_options(retain_unknown_options=True)
    assert options["checkpointing_interval"] == "500"
