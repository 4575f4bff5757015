"""What is checked in for Prometheus and Grafana: valid, in step with the code and with the runbook."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.ledger import Ledger
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.metrics import Metrics
from tests.conftest import ROOT
from tests.telemetry.reports import report

MONITORING = ROOT / "deploy" / "monitoring"
RULES = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "policywire.json").read_text())
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


@pytest.fixture
def made(tmp_path: Path) -> set[str]:
    """Names of the samples and families that the code makes."""

    class Behind:
        name, backlog = "kafka", 1

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        metrics = Metrics(ledger, "m", (Behind(),))
        metrics(report())
        metrics(Trouble("kafka", "no answer"))
        families = list(text_string_to_metric_families(generate_latest(metrics.registry).decode()))
    return {family.name for family in families} | {s.name for family in families for s in family.samples}


def used() -> set[str]:
    return {name for text in EXPRESSIONS for name in re.findall(r"\b(?:policywire|process)_[a-z_]+", text)}


def test_every_metric_that_is_used_exists(made):
    assert used() - made == set()


def test_every_metric_is_documented_and_every_documented_one_exists(made):
    documented = set(re.findall(r"`(policywire_[a-z_]+)", (ROOT / "docs" / "operations.md").read_text()))
    suffixes = r"_(bucket|sum|count|created)$"
    ours = {re.sub(suffixes, "", name) for name in made if name.startswith("policywire_")}
    assert documented == {name for name in ours if f"{name}_total" not in ours}


def test_every_rule_has_its_entry_in_the_runbook_and_every_entry_its_rule():
    names = [rule["alert"] for rule in RULES]
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    assert headings == names
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_every_rule_has_a_test():
    tests = (MONITORING / "alerts.test.yml").read_text()
    assert {rule["alert"] for rule in RULES} <= set(re.findall(r"Policywire\w+", tests))


def test_the_dashboard_is_provisioned_and_whole():
    assert DASHBOARD["uid"] == "policywire"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    source = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text())
    uids = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    assert uids == {source["datasources"][0]["uid"]}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (apt-get install prometheus)")
@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")], ids=["config", "rules"]
)
def test_promtool_agrees(arguments):
    ran = subprocess.run(["promtool", *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
