"""Parts in the signal, through the whole reader: made-up acts upon companies that exist."""

import pytest

from pipeline.reading import Reader
from schemas import CompanyMention


@pytest.fixture(scope="module")
def roles():
    reader = Reader()

    def run(title: str, text: str = "") -> dict[str, CompanyMention]:
        return {c.name: c for c in reader.read(title, text).companies}

    return run


@pytest.mark.parametrize(
    ("title", "text", "name", "role"),
    [
        ("EU fines Nokia 200 million euros over licences", "", "Nokia", "target"),
        ("Nokia fined $200 million by EU regulators over antitrust breach", "", "Nokia", "target"),
        ("FTC sues Nokia to block merger", "The Federal Trade Commission sued Nokia on Monday.", "Nokia", "target"),
        ("UK regulator approves Nokia takeover", "", "Nokia", "beneficiary"),
        (
            "China ends crackdown on tech firms",
            "Premier Li met executives of Meituan on Monday.",
            "Meituan",
            "participant",
        ),
        (
            "Fed raises interest rates by half a point",
            "The Federal Reserve raised rates. It was a surprise, said Jane Doe, an economist at Nomura.",
            "Nomura",
            "commentator",
        ),
        (
            "EU opens antitrust probe into Google",
            "The European Commission opened a probe into Google. In 2019 the commission had fined Qualcomm.",
            "Qualcomm",
            "background",
        ),
    ],
)
def test_role(roles, title: str, text: str, name: str, role: str) -> None:
    assert roles(title, text)[name].role == role


def test_without_a_signal_nobody_has_a_part(roles) -> None:
    found = roles("Nokia unveils a phone", "Nokia shares rose 2% in premarket trading.")
    assert found["Nokia"].role == "background"
    assert [(r.percent, r.session) for r in found["Nokia"].reactions] == [(2.0, "premarket")]


def test_the_article_that_the_project_starts_from(seed_article) -> None:
    found = {c.name: c for c in Reader().read("", seed_article.read_text(encoding="utf-8")).companies}
    part = {name: c.role for name, c in found.items()}
    for name in ("PDD Holdings", "JD.com", "ByteDance", "Alibaba", "Meituan", "Huolala"):
        assert part[name] in ("participant", "beneficiary"), name
    assert part["Ant Group"] == part["Tencent"] == "background"
    assert part["Guotai Junan International"] == "commentator"
    assert found["PDD Holdings"].ticker == "NASDAQ:PDD"
    moves = {n: (r.percent, r.session) for n, c in found.items() for r in c.reactions}
    assert moves == {"Alibaba": (2.2, "premarket"), "PDD Holdings": (2.7, "premarket")}
