"""Options for runners: what Beam would answer with a usage text, or with nothing, is an error that names the option."""

import pytest

from pipeline.errors import UsageError
from pipeline.runners.options import RunnerOptions
from pipeline.runners.streaming import RUNNERS, runner_options


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("option", ["NONSENSE", "", "-x", "--", "--=1", "--a b", "--help", "environment_type=LOOPBACK"])
def test_what_is_not_written_as_an_option_is_refused(runner, option, capfd):
    with pytest.raises(UsageError, match=r"--runner-option .*: write it --NAME=VALUE"):
        runner_options(runner, ["--environment_type=LOOPBACK", option])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("option", ["--num_workers=many", "--num_workers", "--save_main_session=perhaps"])
def test_a_value_that_will_not_do_is_refused(runner, option, capfd):
    with pytest.raises(
        UsageError, match=f"--runner-option {option.partition('=')[0]}\\b.*; correct it or leave it out"
    ):
        runner_options(runner, [option])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("runner", ["prism", "dataflow"])
@pytest.mark.parametrize(
    ("option", "remedy"),
    [("--environment_typ=DOCKER", "did you mean --environment_type?"), ("--zzz", "correct it or leave it out")],
)
def test_a_name_that_beam_does_not_know_is_refused(runner, option, remedy):
    with pytest.raises(UsageError) as error:
        runner_options(runner, [option])
    name = option.partition("=")[0]
    assert str(error.value) == f"--runner-option {name}: neither Beam nor the runner has such an option; {remedy}"


def test_good_options_are_taken_as_they_stand():
    given = ["--environment_type=DOCKER", "--experiments=a=b", "--experiments=c d", "--job-server-timeout=5"]
    options = runner_options("prism", given).get_all_options()
    assert (options["environment_type"], options["job_server_timeout"]) == ("DOCKER", 5)
    assert options["experiments"] == ["a=b", "c d"]


def test_options_of_a_job_server_are_known_when_it_has_told_them():
    def told(parser):
        parser.add_argument("--checkpoint_mode", type=int)

    options = runner_options("flink", ["--checkpoint_mode=1"])
    assert options.get_all_options(retain_unknown_options=True)["checkpoint_mode"] == "1"
    ours = RunnerOptions(["--checkpoint_mode=1"])
    assert ours.get_all_options(add_extra_args_fn=told)["checkpoint_mode"] == 1
    with pytest.raises(UsageError, match=r"--checkpoint_mod: .* did you mean --checkpoint_mode"):
        RunnerOptions(["--checkpoint_mod=1"]).get_all_options(add_extra_args_fn=told)
    with pytest.raises(UsageError, match="--checkpoint_mode: invalid int value"):
        RunnerOptions(["--checkpoint_mode=often"]).get_all_options(add_extra_args_fn=told)
