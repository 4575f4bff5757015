"""deploy/flink/policywire.yaml: what Kubernetes and Flink's operator take, and whole: every name that is used is there."""

import re
from xml.etree import ElementTree

import kubernetes_validate
import pytest
import yaml
from apache_beam.options.pipeline_options import PortableOptions

from pipeline.runners.streaming import runner_options
from tests.conftest import ROOT
from tests.deploy.command_lines import expect_command

FOLDER = ROOT / "deploy" / "flink"
VERSIONS = ["1.30", "1.33", "1.37"]
# What the operator's CRD (flink.apache.org/v1beta1) knows. Pod templates in it are Kubernetes' own.
SPEC = {
    "flinkConfiguration",
    "flinkVersion",
    "image",
    "imagePullPolicy",
    "ingress",
    "job",
    "jobManager",
    "logConfiguration",
    "mode",
    "podTemplate",
    "restartNonce",
    "serviceAccount",
    "taskManager",
}
MANAGER = {"podTemplate", "replicas", "resource", "resources"}
FLINK = r"v1_(1[3-9]|20)|v2_[0-4]"


@pytest.fixture(scope="module")
def resources():
    found = list(yaml.safe_load_all((FOLDER / "policywire.yaml").read_text()))
    assert len(found) == 4
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(scope="module")
def cluster(resources):
    return resources["FlinkDeployment", "policywire-flink"]


@pytest.fixture(scope="module")
def arguments(resources):
    (only,) = resources["Job", "policywire-stream"]["spec"]["template"]["spec"]["containers"]
    return only["args"]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_it(resources, cluster, version):
    pod = cluster["spec"]["taskManager"]["podTemplate"]
    for one in [one for one in resources.values() if one is not cluster] + [pod]:
        kubernetes_validate.validate(one, version, strict=True)


def test_the_operator_takes_it(cluster):
    assert cluster["apiVersion"] == "flink.apache.org/v1beta1"
    spec = cluster["spec"]
    assert set(spec) <= SPEC
    assert re.fullmatch(FLINK, spec["flinkVersion"])
    assert all(isinstance(value, str) for value in spec["flinkConfiguration"].values())
    for manager in (spec["jobManager"], spec["taskManager"]):
        assert set(manager) <= MANAGER
        assert isinstance(manager["resource"]["cpu"], int | float)
        assert re.fullmatch(r"\d+[mg]b?", manager["resource"]["memory"])


def test_workers_run_beside_each_task_manager_where_the_job_looks_for_them(cluster, arguments):
    main, workers = cluster["spec"]["taskManager"]["podTemplate"]["spec"]["containers"]
    assert main["name"] == "flink-main-container"  # the operator's own, by this name
    assert workers["args"] == ["--worker_pool"]
    assert "--worker_pool" in (ROOT / "deploy" / "entrypoint").read_text()
    assert "--runner-option=--environment_config=localhost:50000" in arguments  # the pool's port


def test_job_server_and_job_find_each_other_and_the_cluster(resources, cluster, arguments):
    server = resources["Deployment", "policywire-job-server"]["spec"]["template"]
    service = resources["Service", "policywire-job-server"]
    assert service["spec"]["selector"].items() <= server["metadata"]["labels"].items()
    (container,) = server["spec"]["containers"]
    assert {port["name"] for port in container["ports"]} == {port["targetPort"] for port in service["spec"]["ports"]}
    name = service["metadata"]["name"]
    assert container["args"] == [f"--flink-master={cluster['metadata']['name']}-rest:8081", f"--job-host={name}"]
    assert f"--runner-option=--job_endpoint={name}:8099" in arguments


def test_the_job_is_a_command_of_ours_with_options_that_beam_knows(arguments):
    expect_command(arguments)
    more = [argument.removeprefix("--runner-option=") for argument in arguments if "--runner-option=" in argument]
    options = runner_options("flink", more)
    assert options.view_as(PortableOptions).environment_type == "EXTERNAL"
    assert options.view_as(PortableOptions).environment_config == "localhost:50000"


def test_versions_are_those_that_are_tested(resources, cluster):
    pom = ElementTree.parse(FOLDER / "pom.xml").getroot()
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    flink = pom.findtext("m:dependencies/m:dependency/m:artifactId", namespaces=space).rpartition("-")[2]
    beam = pom.findtext("m:dependencies/m:dependency/m:version", namespaces=space)
    (container,) = resources["Deployment", "policywire-job-server"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"apache/beam_flink{flink}_job_server:{beam}"
    assert cluster["spec"]["image"].startswith(f"flink:{flink}-")
    assert cluster["spec"]["flinkVersion"] == f"v{flink.replace('.', '_')}"
