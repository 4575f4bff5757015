"""Companies: which are named in an article, which listing they are, and what part they play in its signal."""

from pipeline.companies.finder import CompanyFinder
from pipeline.companies.registry import Company, Registry, load

__all__ = ["Company", "CompanyFinder", "Registry", "load"]
