"""Normalises articles: the shell around ``normalise``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.articles.normalise import normalise
from pipeline.dead_letters import dead_letter
from schemas import Article, Position

DEAD = "dead_letters"


@dataclass
class Normalise(beam.PTransform):
    """Raw articles -> ``articles``, fit to read, and ``dead_letters``.

    Works on bounded and unbounded input; each article comes out once, with the timestamp that its source gave it.
    """

    def expand(self, articles: Any) -> dict[str, Any]:
        """One step."""
        outputs = articles | "Normalise" >> beam.ParDo(_Normalise()).with_outputs(DEAD, main="articles")
        return {"articles": outputs.articles, DEAD: outputs[DEAD]}


class _Normalise(beam.DoFn):
    def process(self, article: Article) -> Iterator[Any]:
        try:
            yield normalise(article)
        except Exception as error:  # one bad article must not stop the stream
            yield beam.pvalue.TaggedOutput(
                DEAD,
                dead_letter(
                    "internal",
                    "Normalise",
                    f"could not normalise the article: {error}; please report it with this dead letter",
                    article.position or Position(origin=article.id, kind="text"),
                    article.model_dump_json().encode(),
                    error,
                ),
            )
