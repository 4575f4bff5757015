"""deploy/kubernetes: valid for the Kubernetes versions in use, and whole: every name that is used is there."""

import copy
import os
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from pipeline.settings import load_settings
from pipeline.sources.feeds.opml import feed_urls
from tests.conftest import ROOT
from tests.deploy.command_lines import expect_command

FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ["1.30", "1.33", "1.37"]


def listed(folder):
    """The resources of a kustomization as its files have them, and its ConfigMaps under the names without a hash."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in kustomization.get("resources", ()):
        path = folder / name
        yield from listed(path) if path.is_dir() else yaml.safe_load_all(path.read_text())
    for made in kustomization.get("configMapGenerator", ()):
        files = {name: (folder / name).read_text() for name in made.get("files", ())}
        literals = dict(literal.split("=", 1) for literal in made.get("literals", ()))
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": made["name"]}, "data": files | literals}


def built():
    """What kustomize makes of it, with the hashes taken from the names."""
    command = next(
        (words for words in (["kustomize", "build"], ["kubectl", "kustomize"]) if shutil.which(words[0])), None
    )
    if command is None:
        pytest.skip("neither kustomize nor kubectl is installed")
    ran = subprocess.run([*command, str(FOLDER)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return yaml.safe_load_all(re.sub(r"(name: policywire-\w+)-[a-z0-9]{10}$", r"\1", ran.stdout, flags=re.M))


@pytest.fixture(params=["as listed", "as kustomize builds it"])
def resources(request):
    found = list(listed(FOLDER) if request.param == "as listed" else built())
    assert len(found) == 7
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture
def pod(resources):
    return resources["Deployment", "policywire"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    (only,) = pod["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_valid(resources, version):
    for one in resources.values():
        kubernetes_validate.validate(one, version, strict=True)


def test_what_is_not_valid_is_found(resources):
    wrong = copy.deepcopy(resources["Deployment", "policywire"])
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessprobe"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_one_pod_has_the_ledger(resources, pod, container):
    deployment = resources["Deployment", "policywire"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    ledger = re.search(r"POLICYWIRE_LEDGER=(\S+)/", (ROOT / "deploy" / "Dockerfile").read_text())
    assert ledger
    (name,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == ledger[1]]
    (claim,) = [volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"] if volume["name"] == name]
    assert ("PersistentVolumeClaim", claim) in resources


def test_it_keeps_to_the_restricted_pod_security_standard(resources, pod, container):
    labels = resources["Namespace", "policywire"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in (ROOT / "deploy" / "Dockerfile").read_text()
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert all(
        set(volume) - {"name"} <= {"persistentVolumeClaim", "configMap", "emptyDir"} for volume in pod["volumes"]
    )
    assert container["resources"]["limits"]["memory"]


def test_every_name_that_is_used_is_there(resources, pod, container):
    labels = resources["Deployment", "policywire"]["spec"]["template"]["metadata"]["labels"]
    assert resources["Deployment", "policywire"]["spec"]["selector"]["matchLabels"] == labels
    assert resources["Service", "policywire"]["spec"]["selector"] == labels
    assert resources["NetworkPolicy", "policywire"]["spec"]["podSelector"]["matchLabels"] == labels
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    for volume in pod["volumes"]:
        assert "configMap" not in volume or ("ConfigMap", volume["configMap"]["name"]) in resources
    for source in container["envFrom"]:
        # The Secret is the user's own, and may be missing.
        assert source.get("secretRef", {}).get("optional") or ("ConfigMap", source["configMapRef"]["name"]) in resources


def test_the_metrics_port_is_the_one_that_is_set_asked_and_allowed(resources, container, monkeypatch):
    (port,) = container["ports"]
    monkeypatch.setenv("POLICYWIRE_CONFIG", str(ROOT / "deploy" / "settings" / "policywire.toml"))
    assert load_settings().telemetry.metrics == f":{port['containerPort']}"
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}
    service = resources["Service", "policywire"]
    assert service["spec"]["ports"] == [{"name": "metrics", "port": port["containerPort"], "targetPort": port["name"]}]
    assert service["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    (ingress,) = resources["NetworkPolicy", "policywire"]["spec"]["ingress"]
    assert ingress["ports"] == [{"port": port["name"]}]


def test_command_and_settings_are_ours_and_its_broker_may_be_reached(resources, container, monkeypatch):
    environment = resources["ConfigMap", "policywire-environment"]["data"]
    arguments = [re.sub(r"\$\((\w+)\)", lambda found: environment[found[1]], word) for word in container["args"]]
    expect_command(arguments)
    with pytest.raises(Exception, match="No such option"):
        expect_command([*arguments, "--no-such-flag"])
    (config,) = [one["value"] for one in container["env"] if one["name"] == "POLICYWIRE_CONFIG"]
    settings = resources["ConfigMap", "policywire-settings"]["data"]
    (mount,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "settings"]
    feeds = next(word for word in arguments if word.startswith("--feeds=")).removeprefix("--feeds=")
    assert {os.path.relpath(config, mount), os.path.relpath(feeds, mount)} == set(settings)
    assert len(feed_urls([str(ROOT / "deploy" / "settings" / os.path.relpath(feeds, mount))])) > 5
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(load_settings().workers) == environment["POLICYWIRE_WORKERS"]
    broker = re.fullmatch(r"kafka://[a-z-]+\.([a-z-]+)\.svc:(\d+)/[a-z-]+", environment["ALERTS"])
    assert broker
    allowed = {
        (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], str(port["port"]))
        for rule in resources["NetworkPolicy", "policywire"]["spec"]["egress"]
        for peer in rule["to"]
        for port in rule["ports"]
        if "namespaceSelector" in peer
    }
    assert broker.groups() in allowed
