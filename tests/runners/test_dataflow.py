"""The streaming job as Dataflow would get it: its flags, its graph and its template, without an account."""

import base64
import binascii
import bz2
import json
import pickle
import re
import zlib
from functools import partial

import apache_beam as beam
import pytest

from pipeline.errors import UsageError
from pipeline.kafka.address import parse_address
from pipeline.kafka.clients import consumer
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.topics import Topics
from pipeline.runners import dataflow
from pipeline.runners.dataflow import Job, Template, metadata
from pipeline.runners.pipelines import empty_pipeline
from pipeline.runners.portable import look_over
from pipeline.runners.streaming import streaming_graph
from pipeline.settings import Settings, WebhookSettings
from pipeline.sources.kafka_stream import ReadKafka
from tests.conftest import ROOT

GOOD = {
    "project": "my-project",
    "region": "europe-west1",
    "bucket": "my-bucket",
    "image": "europe-west1-docker.pkg.dev/my-project/policywire/policywire:0.1.0",
    "kafka": "broker:9092",
    "alerts": "kafka://broker:9092/policy-alerts",
}


@pytest.fixture(scope="module")
def look():
    pipeline = empty_pipeline(["--streaming"])
    feeds = ["https://news.example/feed"]
    streaming_graph(pipeline, Settings(), "news", parse_address(GOOD["alerts"]), feeds=feeds)
    return look_over(pipeline)


def test_the_graph_is_fit_for_a_streaming_runner(look):
    assert look.problems == ()
    assert {step.split("/")[1] for step in look.unbounded_sources} == {"Kafka", "Feeds"}
    assert set(look.stateful) == {"Decide/Revise", "Decide/Place", "Positions/Commit"}


def test_a_source_beside_does_not_rename_the_steps_of_another(look):
    for topic, feeds in (("news", []), (None, ["https://news.example/feed"])):
        pipeline = empty_pipeline(["--streaming"])
        streaming_graph(pipeline, Settings(), topic, parse_address(GOOD["alerts"]), feeds=feeds)
        alone = look_over(pipeline)
        assert alone.problems == ()
        assert set(alone.steps) < set(look.steps)


def test_steps_keep_their_names_so_that_a_running_job_can_be_updated(look):
    golden = (ROOT / "tests" / "data" / "streaming_steps.txt").read_text().splitlines()
    assert list(look.steps) == golden, "a renamed step loses its state at an update: see docs/deploy.md"


SECRETS = {"password": "correct-horse-battery", "tls_key_password": "hush-hush-hush"}
LOGIN = {"security_protocol": "SASL_SSL", "username": "ann", **SECRETS}


def _layers(data: bytes, depth: int = 6):
    """``data`` and whatever is packed in it: Beam writes a pickle as Base64 of bz2 or zlib, and nests them."""
    yield data
    if not depth:
        return
    for run in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", data):
        try:
            packed = base64.b64decode(run, validate=True)
        except binascii.Error:
            continue
        for unpack in (bz2.decompress, zlib.decompress):
            try:
                yield from _layers(unpack(packed), depth - 1)
            except (OSError, ValueError, zlib.error):
                continue


def _graph(settings: Settings, extra=None) -> bytes:
    pipeline = empty_pipeline(["--streaming"])
    streaming_graph(pipeline, settings, "news", parse_address(GOOD["alerts"]), feeds=["https://news.example/feed"])
    if extra is not None:
        _ = pipeline | "Extra" >> beam.Create([1]) | "Leak" >> beam.Map(extra)
    return pipeline.to_runner_api().SerializeToString()


def test_the_whole_graph_holds_no_secret():
    settings = Settings(kafka=KafkaSettings(**LOGIN), webhook=WebhookSettings(secret="secret-of-the-webhooks"))
    written = b"\0".join(_layers(_graph(settings)))
    for secret in (*SECRETS.values(), "secret-of-the-webhooks"):
        assert secret.encode() not in written
    # The search would have found them: what stands beside them in the settings is found, in pickles.
    assert b"env:POLICYWIRE_KAFKA__PASSWORD" in written
    assert b"SASL_SSL" in written
    leaky = partial(print, SECRETS["password"])
    assert SECRETS["password"].encode() in b"\0".join(_layers(_graph(settings, leaky)))


def test_a_worker_without_the_secret_says_which_variable_is_missing(monkeypatch):
    monkeypatch.delenv("POLICYWIRE_KAFKA__PASSWORD", raising=False)
    transform = ReadKafka(KafkaSettings(**LOGIN), Topics("news"))
    there = pickle.loads(pickle.dumps(transform))
    with pytest.raises(UsageError) as refused:
        consumer(there.settings)
    assert str(refused.value).startswith("POLICYWIRE_KAFKA__PASSWORD is not set here")
    assert "\n" not in str(refused.value)


def test_a_job_on_dataflow_is_refused_a_secret_that_its_workers_could_not_have(monkeypatch):
    for name, value in LOGIN.items():
        monkeypatch.setenv(f"POLICYWIRE_KAFKA__{name.upper()}", value)
    with pytest.raises(UsageError, match=r"kafka\.password is given as itself.*POLICYWIRE_KAFKA__PASSWORD=gcp:"):
        Job.of(GOOD).settings()
    for name in SECRETS:
        monkeypatch.setenv(f"POLICYWIRE_KAFKA__{name.upper()}", "gcp:projects/my-project/secrets/kafka")
    assert Job.of(GOOD).settings().kafka.password.reference == "gcp:projects/my-project/secrets/kafka"


_SPEC = beam.transforms.userstate.BagStateSpec("s", beam.coders.BytesCoder())


class _FromHere(beam.DoFn):
    def process(self, element, state=beam.DoFn.StateParam(_SPEC)):  # noqa: B008 -- Beam's way to declare state
        yield element


def test_what_is_not_fit_is_found():
    pipeline = empty_pipeline()
    _ = pipeline | beam.Create([1]) | "Pair" >> beam.Map(lambda x: ((x, None), x)) | "Keep" >> beam.ParDo(_FromHere())
    problems = look_over(pipeline).problems
    assert any("no source is unbounded" in problem for problem in problems)
    assert any(problem.startswith("Keep: ") for problem in problems)


@pytest.mark.parametrize(
    ("flag", "bad", "words"),
    [
        ("project", "My Project", "--project 'My Project': Google Cloud project"),
        ("region", "europe", "--region 'europe': Region, such as europe-west1"),
        ("bucket", "gs://b", "--bucket 'gs://b': .*no gs://"),
        ("bucket", "UPPER", "--bucket"),
        ("bucket", "ab", "--bucket"),
        ("bucket", "my-google-bucket", "may not hold 'google'"),
        ("image", "policywire", "--image 'policywire'.*HOST/PATH:TAG"),
        ("kafka", "http://broker", "--kafka"),
        ("topic", "two topics", "--topic"),
        ("alerts", "kafka://broker:9092", "--alerts.*kafka://HOST:PORT/TOPIC"),
        ("min_confidence", "1.5", "--min-confidence '1.5'"),
        ("max_workers", 0, "--max-workers 0"),
        ("service_account", "me@example.org", "--service-account"),
        ("subnetwork", "default", "--subnetwork"),
        ("name", "Policy Wire", "--name"),
    ],
)
def test_a_bad_flag_is_named_with_what_it_may_be(flag, bad, words):
    with pytest.raises(UsageError, match=words):
        Job.of(GOOD | {flag: bad})


@pytest.mark.parametrize("flag", sorted(GOOD))
def test_a_missing_flag_is_named(flag):
    with pytest.raises(UsageError, match=f"--{flag} is missing"):
        Job.of({name: value for name, value in GOOD.items() if name != flag})


def test_more_workers_than_the_most_is_refused():
    with pytest.raises(UsageError, match="raise that"):
        Job.of(GOOD | {"workers": 5})


def test_options_hint_at_scaling_and_install_nothing_on_workers():
    options = Job.of(GOOD | {"update": True, "subnetwork": "regions/europe-west1/subnetworks/x"}).options()
    assert "--autoscaling_algorithm=THROUGHPUT_BASED" in options
    assert "--max_num_workers=4" in options
    assert "--sdk_location=container" in options
    assert "--no_use_public_ips" in options
    assert "--update" in options


def test_the_templates_metadata_is_fresh():
    assert json.loads((ROOT / "deploy" / "dataflow" / "metadata.json").read_text()) == metadata()


@pytest.mark.parametrize("parameter", metadata()["parameters"], ids=lambda parameter: parameter["name"])
def test_every_template_parameter_has_a_pattern_that_takes_good_and_refuses_bad_values(parameter):
    good = {
        "kafka": ["broker:9092", "a:1,b.example:9093"],
        "topic": ["news", "news.eu-1_x"],
        "feeds": ["", "https://news.example/feed?a=b", "http://a.example/,https://b.example/x.xml"],
        "alerts": ["kafka://b:9092/policy-alerts"],
        "group": ["policywire"],
        "min_confidence": ["0", "0.75", "1", "1.0"],
    }
    bad = {
        "kafka": ["", "http://x", "a b", "a:1,"],
        "topic": ["", "a/b", "x" * 250],
        "feeds": ["news.example/feed", "ftp://news.example", "https://a.example, https://b.example"],
        "alerts": ["", "b:9092/t", "kafka://b"],
        "group": ["a b", ""],
        "min_confidence": ["", "1.5", "-0.1", "2", "half"],
    }
    (pattern,) = parameter["regexes"]
    name = parameter["name"]
    assert all(re.fullmatch(pattern, value) for value in good[name])
    assert not any(re.fullmatch(pattern, value) for value in bad[name])
    assert parameter["helpText"]
    assert parameter["isOptional"] == (not Template.model_fields[name].is_required())


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("403 The caller does not have permission", "grant roles/dataflow.admin"),
        ("Your default credentials were not found", "gcloud auth application-default login"),
        ("404 The specified bucket does not exist", "correct --bucket"),
        ("Dataflow API has not been used in project", "gcloud services enable"),
        ("something else", "--debug shows more"),
    ],
)
def test_what_google_cloud_refuses_is_one_line_with_the_remedy(message, remedy):
    words = dataflow._refusal(RuntimeError(message + "\nand a trace"))
    assert remedy in words
    assert "\n" not in words


def test_a_bad_template_parameter_is_one_line(capsys):
    assert dataflow.launch_template(["--kafka=broker:9092", "--alerts=nonsense", "--project=p"]) == 2
    assert "--alerts 'nonsense'" in capsys.readouterr().err
