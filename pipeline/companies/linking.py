"""Which candidates are companies: the learned decision over all that an article says of each."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from pipeline.companies.decision import Weights
from pipeline.companies.features import alias_features, group_features, neighbours, read_mention, title_case
from pipeline.companies.matching import Candidate
from pipeline.companies.registry import PLAIN, PUBLISHER, Alias, Registry

MENTIONS_READ = 8


class Group(NamedTuple):
    """All candidates of one company in an article, in order, and how likely they name it."""

    company: int
    candidates: tuple[Candidate, ...]
    probability: float


def by_company(found: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    """Candidates by company, companies in order of first mention."""
    groups: dict[int, list[Candidate]] = {}
    for candidate in found:
        groups.setdefault(candidate.alias.company, []).append(candidate)
    return groups


class Linker:
    """The registry and the weights together; what a name is worth before a text is read is kept once told."""

    def __init__(self, registry: Registry, weights: Weights) -> None:
        self.registry, self.weights = registry, weights
        self._worth: dict[Alias, float] = {}

    def worth(self, alias: Alias) -> float:
        """The score of a name by itself."""
        known = self._worth.get(alias)
        if known is None:
            tier = self.registry.company(alias.company).tier
            known = self._worth[alias] = self.weights.score(alias_features(alias, tier))
        return known

    def decide(
        self, text: str, body_start: int, found: Sequence[Candidate], marked: Collection[int] = ()
    ) -> list[Group]:
        """Every company that ``found`` may name, with its probability, in order of first mention. ``marked``: companies
        whose ticker the text writes."""
        if not found:
            return []
        weights = self.weights
        sure = {c.alias.company for c in found if c.alias.doubt == PLAIN and c.alias.kind != PUBLISHER}
        listed = neighbours(text, found) if len(found) > 1 else set()
        shouting = found[0].start < body_start and title_case(text[: max(0, body_start - 2)])
        decided = []
        for company, members in by_company(found).items():
            shared = weights.score(group_features(text, body_start, members, bool(sure - {company})))
            each = [
                self.worth(c.alias) + weights.score(read_mention(text, body_start, c, weights.tables, shouting, listed))
                for c in members[:MENTIONS_READ]
            ]
            probability = 1.0 if company in marked else weights.probability(shared, each)
            decided.append(Group(company, tuple(members), probability))
        return decided

    def reasons(
        self, text: str, body_start: int, found: Sequence[Candidate], company: int
    ) -> tuple[tuple[str, float], ...]:
        """What spoke for (positive) and against ``company``, the weightiest first: of its best mention, and of all."""
        members = by_company(found)[company]
        sure = {c.alias.company for c in found if c.alias.doubt == PLAIN and c.alias.kind != PUBLISHER}
        listed = neighbours(text, found)
        shouting = title_case(text[: max(0, body_start - 2)])
        tier = self.registry.company(company).tier
        each = [
            {
                **alias_features(c.alias, tier),
                **read_mention(text, body_start, c, self.weights.tables, shouting, listed),
            }
            for c in members[:MENTIONS_READ]
        ]
        best = max(each, key=self.weights.score)
        return self.weights.contributions({**best, **group_features(text, body_start, members, bool(sure - {company}))})
