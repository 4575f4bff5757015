"""A streaming job on Dataflow: its parameters, each with the pattern that it must match, and its launch.

The parameters of ``Template`` are those of the Flex Template, whose metadata.json is made from them; ``Job`` adds what
``policywire deploy dataflow`` must know and gcloud tells a template by flags of its own.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import PolicywireError, UsageError
from pipeline.settings import Settings, load_settings

_HOSTS = r"^[A-Za-z0-9._-]+(:[0-9]{1,5})?(,[A-Za-z0-9._-]+(:[0-9]{1,5})?)*$"
_TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
_ALERTS = r"^kafka://[A-Za-z0-9._-]+(:[0-9]{1,5})?(,[A-Za-z0-9._-]+(:[0-9]{1,5})?)*/[A-Za-z0-9._-]{1,249}$"
_FEEDS = r"^(https?://[^\s,]+(,https?://[^\s,]+)*)?$"
_BUCKET = r"^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$"


class Template(BaseModel):
    """What a job is told by its template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka: str = Field(
        title="Kafka brokers", pattern=_HOSTS, description="Brokers with the news: HOST:PORT, several parted by commas."
    )
    topic: str = Field(
        default="news", title="Topic with articles", pattern=_TOPIC, description="The topic with articles."
    )
    feeds: str = Field(
        default="",
        title="Feeds",
        pattern=_FEEDS,
        description="Feeds to poll beside the topic: addresses, several parted by commas.",
    )
    alerts: str = Field(
        title="Where alerts go", pattern=_ALERTS, description="The topic for alerts: kafka://HOST:PORT/TOPIC."
    )
    group: str = Field(
        default="policywire",
        title="Consumer group",
        pattern=_TOPIC,
        description="Consumer group whose committed positions the job goes on from.",
    )
    min_confidence: str = Field(
        default="0.5",
        title="Least confidence",
        pattern=r"^(0(\.[0-9]+)?|1(\.0+)?)$",
        description="Signals less sure than this, from 0 to 1, raise no alert.",
    )

    def settings(self) -> Settings:
        """policywire's settings with these; what they leave open comes from the environment and policywire.toml.

        Raises UsageError where a secret was given as itself: the workers could not be told it.
        """
        settings = load_settings(
            kafka={"bootstrap": self.kafka, "group": self.group},
            alerting={"min_confidence": float(self.min_confidence)},
        )
        if bare := settings.kafka.given_as_themselves():
            variable = f"POLICYWIRE_{bare[0].upper().replace('.', '__')}"
            raise UsageError(
                f"{bare[0]} is given as itself, and a job on Dataflow does not carry secrets: give where its workers find "
                f"it, {variable}=gcp:projects/PROJECT/secrets/NAME (or file:PATH or env:NAME, if their image has it)"
            )
        return settings

    def graph(self, pipeline: Any) -> None:
        """Wires the job in ``pipeline``. Raises UsageError as ``settings`` does."""
        from pipeline.kafka.address import parse_address
        from pipeline.runners.streaming import streaming_graph

        feeds = self.feeds.split(",") if self.feeds else []
        streaming_graph(pipeline, self.settings(), self.topic, parse_address(self.alerts), feeds=feeds)


class Job(Template):
    """What a job is told at the command line."""

    project: str = Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="Google Cloud project: 6 to 30 small letters, digits and hyphens, a letter first.",
    )
    region: str = Field(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$", description="Region, such as europe-west1.")
    bucket: str = Field(
        pattern=_BUCKET,
        description="Bucket for staged files: 3 to 63 small letters, digits, hyphens and underscores; no gs://.",
    )
    image: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.:-]*(/[a-z0-9._-]+)+((:[A-Za-z0-9_.-]{1,128})|(@sha256:[0-9a-f]{64}))$",
        description="The policywire image in a registry that workers reach: HOST/PATH:TAG or HOST/PATH@sha256:DIGEST.",
    )
    name: str = Field(
        default="policywire",
        pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$",
        description="The job's name: small letters, digits and hyphens.",
    )
    machine: str = Field(
        default="n2-standard-2", pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$", description="Type of the workers' machines."
    )
    workers: int = Field(default=1, ge=1, le=1000, description="Workers to start with.")
    max_workers: int = Field(default=4, ge=1, le=1000, description="Workers at most: the cap on what it costs.")
    service_account: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$",
        description="Account of the workers: NAME@PROJECT.iam.gserviceaccount.com.",
    )
    subnetwork: str | None = Field(
        default=None,
        pattern=r"^(https://www\.googleapis\.com/compute/v1/projects/[a-z0-9-]+/)?regions/[a-z0-9-]+/subnetworks/[a-z0-9-]+$",
        description="Subnetwork from which the brokers can be reached: regions/REGION/subnetworks/NAME.",
    )
    public_ips: bool = Field(default=False, description="Workers have public addresses.")
    update: bool = Field(default=False, description="Replace the running job of that name, and take over its state.")

    @classmethod
    def of(cls, flags: dict[str, Any]) -> Self:
        """The job that ``flags`` describe; None: not given. Raises UsageError that names the flag and what it may be."""
        try:
            job = cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as error:
            raise UsageError(_explain(cls, error)) from error
        if re.search(r"google|g00gle|^goog", job.bucket):
            raise UsageError(f"--bucket {job.bucket!r}: a bucket's name may not hold 'google'; give another")
        if job.workers > job.max_workers:
            raise UsageError(f"--workers {job.workers}: more than --max-workers {job.max_workers}; raise that")
        return job

    def options(self) -> list[str]:
        """The job as options of Beam's Dataflow runner."""
        given = [
            "--runner=DataflowRunner",
            "--streaming",
            f"--project={self.project}",
            f"--region={self.region}",
            f"--job_name={self.name}",
            f"--temp_location=gs://{self.bucket}/policywire/temp",
            f"--staging_location=gs://{self.bucket}/policywire/staging",
            f"--sdk_container_image={self.image}",
            # policywire is in the image: nothing is staged or installed when a worker starts.
            "--sdk_location=container",
            f"--worker_machine_type={self.machine}",
            f"--num_workers={self.workers}",
            f"--max_num_workers={self.max_workers}",
            "--autoscaling_algorithm=THROUGHPUT_BASED",
            # State and timers in the service: smaller workers, autoscaling in seconds, updates without loss.
            "--enable_streaming_engine",
        ]
        if self.service_account:
            given.append(f"--service_account_email={self.service_account}")
        if self.subnetwork:
            given.append(f"--subnetwork={self.subnetwork}")
        if not self.public_ips:
            given.append("--no_use_public_ips")
        if self.update:
            given.append("--update")
        return given


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    flag = f"--{name.replace('_', '-')}"
    field = model.model_fields.get(name)
    if first["type"] == "missing":
        return f"{flag} is missing: {field.description if field else ''}"
    what = field.description if field is not None and "pattern" in first["type"] else first["msg"]
    return f"{flag} {first['input']!r}: {what}"


def metadata() -> dict[str, Any]:
    """metadata.json of the Flex Template."""
    parameters = []
    for name, field in Template.model_fields.items():
        pattern = next(item.pattern for item in field.metadata if getattr(item, "pattern", None))
        parameters.append(
            {
                "name": name,
                "label": field.title,
                "helpText": field.description
                + (f" Default: {field.default}." if not field.is_required() and field.default else ""),  # type: ignore[operator]
                "isOptional": not field.is_required(),
                "paramType": "TEXT",
                "regexes": [pattern],
            }
        )
    return {
        "name": "policywire",
        "description": "Reads articles from a Kafka topic and puts policy signals on an alert topic.",
        "streaming": True,
        "supportsAtLeastOnce": True,
        "supportsExactlyOnce": False,
        "parameters": parameters,
    }


PERMISSIONS: Final = "roles/dataflow.admin and roles/storage.objectAdmin for you, roles/dataflow.worker for the workers"


def launch(template: Template, options: list[str], check: Callable[[Any], object] | None = None) -> str:
    """Builds the graph and hands it to the runner that ``options`` name; the job's id, or where it is to be seen.

    ``check`` is shown the pipeline before. Raises UsageError where Google Cloud's extra is not installed, and
    PolicywireError, with the remedy, where Dataflow refuses the job.
    """
    from pipeline.runners.quiet import quieten

    quieten()
    from pipeline.runners.pipelines import empty_pipeline

    if any("DataflowRunner" in option for option in options) and not has_extra():
        raise UsageError("Dataflow needs Google Cloud's clients: pip install 'policywire[gcp]'")
    pipeline = empty_pipeline(options)
    template.graph(pipeline)
    if check is not None:
        check(pipeline)
    try:
        result = pipeline.run()
    except PolicywireError:
        raise
    except Exception as error:
        raise PolicywireError(_refusal(error)) from error
    return str(getattr(result, "job_id", lambda: "")() or "")


def has_extra() -> bool:
    """Whether Google Cloud's clients are installed."""
    import importlib.util

    try:
        return importlib.util.find_spec("google.cloud.storage") is not None
    except ModuleNotFoundError:
        return False


def _refusal(error: Exception) -> str:
    words = " ".join(str(error).split())[:300]
    low = words.lower()
    if "default credentials" in low or "credentials were not found" in low:
        return (
            "no Google Cloud credentials: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
        )
    if "403" in low or "permission" in low or "forbidden" in low:
        return f"Dataflow refuses the job ({words}): grant {PERMISSIONS}"
    if "bucket" in low and ("404" in low or "not exist" in low or "not found" in low):
        return f"the bucket is not there ({words}): correct --bucket, or gcloud storage buckets create gs://BUCKET"
    if "api has not been used" in low or "is disabled" in low:
        return f"Dataflow is not enabled ({words}): gcloud services enable dataflow.googleapis.com"
    return f"Dataflow refuses the job: {words or type(error).__name__}; correct what it names (--debug shows more)"


def launch_template(arguments: list[str]) -> int:
    """What the Flex Template's launcher runs. The template's parameters are taken from ``arguments``, the rest is
    Beam's. 0: launched; 1: refused, said in one line on stderr; 2: a parameter is wrong."""
    import argparse
    import sys

    parser = argparse.ArgumentParser(prog="policywire", allow_abbrev=False)
    for name in Template.model_fields:
        parser.add_argument(f"--{name}", f"--{name.replace('_', '-')}", dest=name)
    known, rest = parser.parse_known_args(arguments)
    try:
        given = {name: value for name, value in vars(known).items() if value is not None}
        try:
            template = Template(**given)
        except ValidationError as error:
            raise UsageError(_explain(Template, error)) from error
        launch(template, [*rest, "--streaming", "--sdk_location=container"])
    except PolicywireError as error:
        print(f"policywire: {error}", file=sys.stderr)
        return error.exit_code
    return 0
