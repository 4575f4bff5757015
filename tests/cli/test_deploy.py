"""``policywire deploy``."""

import json

from tests.runners.test_dataflow import GOOD


def flags(**changes):
    return [part for name, value in (GOOD | changes).items() if value for part in (f"--{name}", value)]


def test_a_dry_run_builds_and_checks_the_job_without_an_account(policywire):
    ran = policywire("deploy", "dataflow", *flags(), "--dry-run")
    assert ran.code == 0, ran.err
    assert "unbounded: Source/" in ran.out
    assert "state: Decide/Place, Decide/Revise, Positions/Commit" in ran.out
    assert "--region=europe-west1" in ran.out
    assert "Dataflow's own check: " in ran.out


def test_a_bad_flag_is_one_line_and_exit_code_2(policywire):
    for changes, words in (({"bucket": "gs://x"}, "--bucket 'gs://x'"), ({"project": ""}, "--project is missing")):
        ran = policywire("deploy", "dataflow", *flags(**changes), "--dry-run")
        assert ran.code == 2
        assert words in ran.err
        assert len(ran.err.splitlines()) == 1


def test_the_template_is_printed(policywire):
    assert json.loads(policywire("deploy", "template").out)["streaming"] is True
