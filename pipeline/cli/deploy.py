"""``policywire deploy dataflow|template``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.runners.dataflow import Job
    from pipeline.runners.portable import Look

app = typer.Typer(
    no_args_is_help=True,
    help="""Put the streaming graph on a managed runner.

    Examples:

      policywire deploy dataflow --project my-project --region europe-west1 --bucket my-bucket
      --image europe-west1-docker.pkg.dev/my-project/policywire/policywire:0.1.0
      --kafka broker:9092 --alerts kafka://broker:9092/policy-alerts --dry-run

      policywire deploy template > metadata.json
    """,
)

METADATA = Path("deploy/dataflow/metadata.json")


@app.command("dataflow")
def dataflow(
    project: Annotated[str | None, typer.Option(metavar="ID", help="Google Cloud project.")] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Region, such as europe-west1.")] = None,
    bucket: Annotated[str | None, typer.Option(metavar="NAME", help="Bucket for staged files.")] = None,
    image: Annotated[str | None, typer.Option(metavar="IMAGE", help="The policywire image: HOST/PATH:TAG.")] = None,
    kafka: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Brokers with the news.")] = None,
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="The topic with articles. [dim]default: news[/dim]")
    ] = None,
    feeds: Annotated[
        str | None, typer.Option(metavar="URL,URL", help="Feeds to poll beside. [dim]default: none[/dim]")
    ] = None,
    alerts: Annotated[str | None, typer.Option(metavar="URL", help="kafka://HOST:PORT/TOPIC for alerts.")] = None,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Consumer group. [dim]default: policywire[/dim]")
    ] = None,
    min_confidence: Annotated[str | None, typer.Option(metavar="P", help="Least confidence, 0 to 1.")] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The job's name. [dim]default: policywire[/dim]")
    ] = None,
    machine: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Machine type. [dim]default: n2-standard-2[/dim]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Workers to start with. [dim]default: 1[/dim]")
    ] = None,
    max_workers: Annotated[int | None, typer.Option(metavar="N", help="Workers at most. [dim]default: 4[/dim]")] = None,
    service_account: Annotated[str | None, typer.Option(metavar="EMAIL", help="Account of the workers.")] = None,
    subnetwork: Annotated[str | None, typer.Option(metavar="PATH", help="regions/REGION/subnetworks/NAME.")] = None,
    public_ips: Annotated[bool | None, typer.Option("--public-ips", help="Workers have public addresses.")] = None,
    update: Annotated[bool | None, typer.Option("--update", help="Replace the running job of that name.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build and check the job; needs no account, starts nothing.")
    ] = False,
) -> None:
    """Start the streaming job on Dataflow, or with --dry-run only build and check it.

    docs/deploy.md explains the flags with what they cost.

    Example:

      policywire deploy dataflow --project my-project --region europe-west1 --bucket my-bucket
      --image europe-west1-docker.pkg.dev/my-project/policywire/policywire:0.1.0
      --kafka broker:9092 --alerts kafka://broker:9092/policy-alerts --dry-run
    """
    import sys

    from pipeline.runners.quiet import quieten

    quieten()
    from pipeline.runners.dataflow import Job, launch

    flags = {
        "project": project, "region": region, "bucket": bucket, "image": image, "kafka": kafka, "topic": topic,
        "feeds": feeds, "alerts": alerts, "group": group, "min_confidence": min_confidence, "name": name, "machine": machine,
        "workers": workers, "max_workers": max_workers, "service_account": service_account, "subnetwork": subnetwork,
        "public_ips": public_ips, "update": update,
    }  # fmt: skip
    job = Job.of(flags)
    if dry_run:
        _rehearse(job)
        return
    identity = launch(job, job.options(), _expect_sound)
    console = "https://console.cloud.google.com/dataflow/jobs"
    print(f"started {job.name}: {console}/{job.region}/{identity}?project={job.project}", file=sys.stderr)


@app.command("template")
def template(
    write: Annotated[bool, typer.Option("--write", help=f"Write {METADATA} anew.")] = False,
    check: Annotated[bool, typer.Option("--check", help=f"Exit 1 where {METADATA} is not fresh.")] = False,
) -> None:
    """Print metadata.json of the Flex Template, made from the parameters' model.

    Example:

      policywire deploy template > metadata.json
    """
    import json

    from pipeline.errors import PolicywireError
    from pipeline.runners.dataflow import metadata

    text = json.dumps(metadata(), indent=2) + "\n"
    if write:
        METADATA.write_text(text, encoding="utf-8")
    elif check:
        if not METADATA.is_file() or METADATA.read_text(encoding="utf-8") != text:
            raise PolicywireError(f"{METADATA} is not fresh: policywire deploy template --write")
    else:
        typer.echo(text, nl=False)


def _rehearse(job: "Job") -> None:
    """Builds and checks the job as it would be launched, without an account."""
    from pipeline.runners.dataflow import has_extra, launch
    from pipeline.runners.pipelines import empty_pipeline

    pipeline = empty_pipeline(["--streaming"])
    job.graph(pipeline)
    look = _expect_sound(pipeline)
    typer.echo(f"graph: {len(look.steps)} steps, unbounded: {', '.join(look.unbounded_sources)}")
    typer.echo(f"state: {', '.join(look.stateful)}")
    for option in job.options():
        typer.echo(option)
    if not has_extra():
        typer.echo("Dataflow's own check: left out, without Google Cloud's extra (pip install 'policywire[gcp]')")
        return
    launch(job, [*job.options(), "--no_auth", "--dry_run=True"])
    typer.echo("Dataflow's own check: passed")


def _expect_sound(pipeline: object) -> "Look":
    from pipeline.errors import PolicywireError
    from pipeline.runners.portable import look_over

    look = look_over(pipeline)
    if look.problems:
        raise PolicywireError(
            f"the graph is not fit for a streaming runner: {'; '.join(look.problems)}; please report it"
        )
    return look
