"""deploy/compose.yaml: Compose accepts it, and every host, port, file, flag and setting that it names is there."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from pipeline.settings import load_settings
from pipeline.sources.feeds.opml import feed_urls
from tests.conftest import ROOT
from tests.deploy.command_lines import expect_command

DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text()
FILE = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", TEXT))
SERVICES = FILE["services"]
LISTENS = {"kafka": {9092, 19092}, "policywire": {9464}, "prometheus": {9090}, "grafana": {3000}}
"""On which ports the programs answer, by their own defaults or the settings that the tests below compare."""


def mounts(service):
    """What a service has mounted: where, and from which folder, file or volume."""
    return {part[1]: part[0] for volume in SERVICES[service].get("volumes", ()) for part in [volume.split(":")]}


def compose() -> list[str]:
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if os.environ.get("CI"):
        pytest.fail("no Docker Compose: .ci/run installs one")
    return pytest.skip("no Docker Compose (apt-get install docker-compose)")


def config(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What Compose makes of ``text``. Compose 1 knows everything that is used but ``name``."""
    command = compose()
    if "version 1." in subprocess.run([*command, "version"], capture_output=True, text=True).stdout:
        text = re.sub(r"^name: .*$", "", text, flags=re.M)
    (tmp_path / "compose.yaml").write_text(text)
    arguments = ["--project-directory", str(DEPLOY), "-f", str(tmp_path / "compose.yaml"), "config"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)


def test_compose_accepts_it(tmp_path):
    ran = config(tmp_path, TEXT)
    assert ran.returncode == 0, ran.stderr
    made = yaml.safe_load(ran.stdout)
    assert set(made["services"]) == {"kafka", "topics", "policywire", "subscriber", "prometheus", "grafana"}
    # Compose's own reading of what the tests below read.
    assert made["services"]["policywire"]["command"] == SERVICES["policywire"]["command"]


def test_compose_refuses_a_wrong_one(tmp_path):
    ran = config(tmp_path, TEXT.replace("read_only: true", "red_only: true"))
    assert ran.returncode
    assert "red_only" in ran.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert not {"privileged", "network_mode", "pid", "user", "cap_add", "devices"} & set(service)
    assert "docker.sock" not in str(service)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    folders = [source for source in mounts(name).values() if source.startswith(".")]
    assert all(volume.endswith(":ro") for volume in service.get("volumes", ()) if volume.startswith("."))
    assert all((DEPLOY / folder).exists() for folder in folders)
    assert all(source in FILE["volumes"] for source in mounts(name).values() if source not in folders)


def test_images_are_pinned_and_of_the_versions_that_are_tested():
    images = {service["image"] for service in SERVICES.values()}
    assert all(re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", image) for image in images)
    pom = ElementTree.parse(DEPLOY / "kafka" / "pom.xml").getroot()
    version = pom.findtext(
        "m:dependencies/m:dependency/m:version", namespaces={"m": "http://maven.apache.org/POM/4.0.0"}
    )
    project = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert project
    assert {f"apache/kafka:{version}", f"policywire:{project[1]}"} <= images
    build = SERVICES["policywire"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_every_address_is_a_service_and_a_port_that_it_listens_on():
    named = re.findall(r"\b([a-z]+):(\d{4,5})\b", str(SERVICES))
    prometheus = yaml.safe_load((DEPLOY / "monitoring" / "prometheus.yml").read_text())
    source = yaml.safe_load((DEPLOY / "monitoring/grafana/provisioning/datasources/prometheus.yml").read_text())
    (target,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    named += [tuple(target.split(":")), tuple(source["datasources"][0]["url"].removeprefix("http://").split(":"))]
    inside = {(host, int(port)) for host, port in named if host != "localhost"} - {("kafka", 9093)}
    assert inside == {("kafka", 19092), ("policywire", 9464), ("prometheus", 9090)}
    for name, ports in LISTENS.items():
        assert {int(port.rpartition(":")[2]) for port in SERVICES[name]["ports"]} <= ports


def test_kafka_listens_where_it_says():
    kafka = SERVICES["kafka"]["environment"]
    listeners = dict(part.split("://") for part in kafka["KAFKA_LISTENERS"].split(","))
    advertised = dict(part.split("://") for part in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))
    protocols = dict(part.split(":") for part in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(listeners) == set(protocols) == {*advertised, kafka["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    assert kafka["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised
    assert advertised == {"INSIDE": "kafka" + listeners["INSIDE"], "HOST": "localhost" + listeners["HOST"]}
    assert {int(port.strip(":")) for name, port in listeners.items() if name != "CONTROLLER"} == LISTENS["kafka"]
    assert kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@kafka{listeners['CONTROLLER']}"
    assert kafka["KAFKA_LOG_DIRS"] in mounts("kafka")


@pytest.mark.parametrize("name", ["policywire", "subscriber"])
def test_commands_are_those_of_the_command_line(name):
    expect_command(SERVICES[name]["command"])
    with pytest.raises(Exception, match="No such option"):
        expect_command([*SERVICES[name]["command"], "--no-such-flag"])


def test_topics_are_made_before_they_are_used():
    (script,) = SERVICES["topics"]["command"]
    made = set(re.findall(r"([a-z.-]+):\d\b", script.partition(";")[0]))
    used = {
        part
        for name in ("policywire", "subscriber")
        for part in re.findall(r"kafka://[^/]+/(\S+?)['\",]", str(SERVICES[name]))
    }
    assert made == used | {f"{topic}.dlq" for topic in used}
    assert len(used) == 1
    for name in ("policywire", "subscriber"):
        assert SERVICES[name]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


def test_settings_and_feeds_are_valid(monkeypatch):
    environment = SERVICES["policywire"]["environment"]
    assert mounts("policywire")["/etc/policywire"] == "./settings"
    monkeypatch.setenv("POLICYWIRE_CONFIG", str(DEPLOY / "settings" / Path(environment["POLICYWIRE_CONFIG"]).name))
    for name in environment:
        assert name.startswith("POLICYWIRE_")
        if name != "POLICYWIRE_CONFIG":
            monkeypatch.setenv(name, "a secret of more than 16 bytes")
    settings = load_settings()
    assert settings.feeds.contact == "a secret of more than 16 bytes"
    assert settings.webhook.secret is not None
    assert settings.telemetry.metrics == f":{min(LISTENS['policywire'])}"
    feeds = next(a for a in SERVICES["policywire"]["command"] if a.startswith("--feeds=")).removeprefix("--feeds=")
    assert len(feed_urls([str(DEPLOY / "settings" / Path(feeds).name)])) > 5


def test_the_image_keeps_its_ledger_on_a_volume():
    image = (DEPLOY / "Dockerfile").read_text()
    ledger = re.search(r"POLICYWIRE_LEDGER=(\S+)", image)
    assert ledger
    assert mounts("policywire")[str(Path(ledger[1]).parent)] == "ledger"
    (uid,) = set(re.findall(r"uid=(\d+)", SERVICES["subscriber"]["tmpfs"][1]))
    assert f"USER {uid}:{uid}" in image


def test_prometheus_and_grafana_find_their_files():
    prometheus = mounts("prometheus")
    rules = yaml.safe_load((DEPLOY / "monitoring" / "prometheus.yml").read_text())["rule_files"]
    assert "--config.file=/etc/prometheus/prometheus.yml" in SERVICES["prometheus"]["command"]
    assert {"/etc/prometheus/prometheus.yml", *(f"/etc/prometheus/{rule}" for rule in rules)} <= set(prometheus)
    grafana = mounts("grafana")
    provider = yaml.safe_load((DEPLOY / "monitoring/grafana/provisioning/dashboards/policywire.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    assert folder in grafana
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (DEPLOY / grafana[folder] / home.relative_to(folder)).is_file()


def test_every_variable_is_in_the_example_and_every_example_is_used():
    example = set(re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.M))
    passed = {name for name, value in SERVICES["policywire"]["environment"].items() if value is None}
    assert example == set(re.findall(r"\$\{(\w+):-", TEXT)) | passed
