"""The image: built, looked into, run as a person would run it, and as a worker of a streaming job.

Where no Docker engine answers, or neither a registry nor stand-ins for the base images can be had, these tests are skipped
and say why; `.ci/docker-engine .ci/docker-image` starts an engine for them.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from deploy.kafka.broker import create_topics
from deploy.kafka.container import docker_answers
from tests.brokers import new_topic
from tests.conftest import ROOT
from tests.waiting import wait_for

IMAGE = "policywire:test"
SEEDS = ROOT / "seeds"


def docker(*arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds, check=False)


def bases() -> list[str]:
    """The build's arguments: none where the registry gives the base images, else stand-ins made here."""
    if docker("pull", "-q", "python:3.11-slim-bookworm", seconds=300).returncode == 0:
        return []
    made = subprocess.run([ROOT / "deploy" / "bases"], capture_output=True, text=True, timeout=900, check=False)
    if made.returncode:
        pytest.skip(f"no registry, and no stand-ins for the base images: {made.stderr[-300:].strip()}")
    return made.stdout.split()


@pytest.fixture(scope="module")
def image():
    if not docker_answers():
        pytest.skip("no Docker engine answers (.ci/docker-engine .ci/docker-image starts one)")
    built = docker("build", "-f", str(ROOT / "deploy" / "Dockerfile"), "-t", IMAGE, *bases(), str(ROOT), seconds=1800)
    assert built.returncode == 0, (built.stdout + built.stderr)[-3000:]
    return IMAGE


@pytest.fixture(scope="module")
def seed_alerts():
    """Ids of the alerts that the archive of the seeds raises."""
    from pipeline.runners.replay import replay
    from pipeline.settings import Settings
    from pipeline.sources.archive import archive_files

    with replay(archive_files([SEEDS / "archive.jsonl"]), Settings()) as outcome:
        return {json.loads(line)["id"] for line in outcome.alerts()}


def run(image, *arguments, options=()):
    return docker("run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", *options, image, *arguments)


def test_it_is_of_this_version_and_runs_as_a_user_of_its_own(image):
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    assert run(image, "--version").stdout == f"policywire {version[1]}\n"
    (about,) = json.loads(docker("image", "inspect", image).stdout)
    assert about["Config"]["User"] == "10001:10001"
    assert about["Config"]["Healthcheck"]
    assert about["Size"] < 1_000_000_000
    assert (
        run(
            image, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 11))", options=("--entrypoint", "python")
        ).returncode
        == 0
    )


def test_it_holds_the_locked_versions_and_nothing_to_build_with(image):
    listed = run(image, "-m", "pip", "list", "--format=json", options=("--entrypoint", "python")).stdout
    found = {re.sub("[-_.]+", "-", one["name"]).lower(): one["version"] for one in json.loads(listed)}
    locked = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "deploy" / "requirements.lock").read_text(), re.M)
    assert set(found.items()) - set(locked) <= {(name, found.get(name)) for name in ("policywire", "pip", "setuptools")}
    assert "apache-beam" in found


def test_it_replays_the_seeds_as_the_source_tree_does(image, seed_alerts):
    ran = run(image, "replay", "/seeds/archive.jsonl", "--json", options=("-v", f"{SEEDS}:/seeds:ro"))
    assert ran.returncode == 0, ran.stderr
    assert {json.loads(line)["id"] for line in ran.stdout.splitlines()} == seed_alerts


def test_it_is_well(image):
    ran = run(image, "doctor")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_it_runs_tells_its_health_and_stops_cleanly(image):
    # It ends within two seconds, as tests/cli/test_run.py says of the process itself; but no process ends while an fsync of
    # its waits, and a disk that has just been given the image's layers may take long over that.
    settings = ("-e", "POLICYWIRE_FEEDS__TIMEOUT_SECONDS=2", "--health-interval", "1s", "--stop-timeout", "60")
    safe = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    started = docker(
        "run", "-d", *safe, *settings, image, "run", "--feeds", "https://feed.invalid/", "--log-format", "json"
    )
    assert started.returncode == 0, started.stderr
    name = started.stdout.strip()
    try:
        wait_for(lambda: docker("inspect", "-f", "{{.State.Health.Status}}", name).stdout.strip() == "healthy", 120)
        page = docker(
            "exec",
            name,
            "python",
            "-c",
            "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9464/metrics').read().decode())",
        )
        assert "policywire_build_info{" in page.stdout
        ledger = docker("exec", name, "ls", "/var/lib/policywire").stdout.split()
        assert "ledger.sqlite" in ledger
        docker("stop", name)
        assert docker("inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip() == "0"
        assert '"event": "stopped"' in docker("logs", name).stderr
    finally:
        docker("rm", "-f", "-v", name)


def policywire(*arguments, **environment):
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]
    there = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    ran = subprocess.run(command, env=there, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.kafka
def test_it_works_as_a_worker_of_a_streaming_job(image, seed_alerts, broker, kafka, topic, prism):
    """Prism starts the image as Dataflow and Flink do, by Beam's boot program; the container reads the topic."""
    alerts = new_topic(broker, "alerts", 1)
    create_topics(broker.bootstrap, {f"{alerts}.dlq": 1})
    policywire("publish", SEEDS / "archive.jsonl", "--kafka", kafka.bootstrap, "--topic", topic)
    where = f"kafka://{kafka.bootstrap}/{alerts}"
    container = ("--runner-option=--environment_type=DOCKER", f"--runner-option=--environment_config={image}")
    policywire(
        "run", "--runner", "prism", "--topic", topic, "--kafka", kafka.bootstrap, "--alerts", where, "--once",
        "--from", "earliest", *container, POLICYWIRE_PRISM=str(prism),
    )  # fmt: skip
    sent = policywire("subscribe", where, "--once", "--json")
    assert {json.loads(line)["id"] for line in sent.splitlines()} == seed_alerts
