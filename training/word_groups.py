"""Groups words of like use: writes ``pipeline/signals/data/word_groups.txt``. Run rarely, by hand, in the environment of
``training.teacher``, whose fine-tuned model it reads:

    python -m training.word_groups --shared ../shared --base FOLDER --state TEACHER.pt --keep USES

A word's use is the mean of what the sixth of the teacher's twelve layers makes of it over the texts that are trained on
(never the development set's); uses are parted by k-means. CPU, some minutes.
"""

import argparse
import pickle
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.signals.features import words
from training import corpus
from training.model import example_maker

Array = np.ndarray[Any, np.dtype[Any]]

OUT = Path(__file__).parents[1] / "pipeline" / "signals" / "data" / "word_groups.txt"
GROUPS = 800
# A word seen in fewer texts stands in no group; so many words of a text are read.
LEAST, WORDS = 3, 56
LAYER, BATCH = 6, 64
SEED = 3


def known(texts: Sequence[Sequence[str]]) -> list[str]:
    """The words that occur in enough texts, the commonest first."""
    seen = Counter(word for text in texts for word in set(text))
    return [word for word, count in seen.most_common() if count >= LEAST]


def uses(base: str, state: str, texts: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> Array:
    """A row a word: the mean of its states in the teacher's layer; zero for a word that was not met."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModel.from_pretrained(base)
    held = torch.load(state)
    model.load_state_dict({k[5:]: v for k, v in held.items() if k.startswith("base.")}, strict=False)
    model.eval()
    index = {word: i for i, word in enumerate(vocabulary)}
    total = np.zeros((len(vocabulary), model.config.hidden_size))
    count = np.zeros(len(vocabulary))
    ordered = sorted((list(text[:WORDS]) for text in texts), key=len)
    for at in range(0, len(ordered), BATCH):
        batch = ordered[at : at + BATCH]
        read = tokenizer(
            batch, is_split_into_words=True, padding=True, truncation=True, max_length=80, return_tensors="pt"
        )
        with torch.inference_mode():
            states = model(**read, output_hidden_states=True).hidden_states[LAYER].numpy()
        for row, text in enumerate(batch):
            for piece, place in enumerate(read.word_ids(row)):
                word = None if place is None else index.get(text[place])
                if word is not None:
                    total[word] += states[row, piece]
                    count[word] += 1
    return total / np.maximum(count, 1)[:, None]


def grouped(vocabulary: Sequence[str], found: Array) -> list[list[str]]:
    """The words parted into groups of like use; groups and words in order of the vocabulary."""
    from sklearn.cluster import MiniBatchKMeans

    met = np.abs(found).sum(1) > 0
    centred = found - found[met].mean(0)
    unit = centred / np.maximum(1e-6, np.linalg.norm(centred, axis=1, keepdims=True))
    labels = MiniBatchKMeans(GROUPS, random_state=SEED, n_init=1, batch_size=4096).fit(unit).labels_
    groups: dict[int, list[str]] = {}
    for word, label in zip(vocabulary, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(word)
    return list(groups.values())


def main() -> None:
    """Reads, groups, and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--base", help="folder with the base model's weights and tokenizer")
    parser.add_argument("--state", help="the teacher's state, as torch saves it")
    parser.add_argument("--uses", type=Path, help="uses kept before, instead of reading")
    parser.add_argument("--keep", type=Path, help="where to keep the uses (words and rows, pickled)")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    if chosen.uses:
        vocabulary, found, *_ = pickle.loads(chosen.uses.read_bytes())
    else:
        dev = corpus.dev(chosen.shared)
        labelled = corpus.archive(chosen.shared, dev)
        make = example_maker()
        texts = []
        for item in labelled + corpus.taught(chosen.shared, dev + labelled):
            example = make(item)
            end = max((s.end for s in example.opening.sentences), default=0)
            document = example.document
            texts.append([*words(document.title), ".", *words(document.full[document.body_start : end])])
        vocabulary = known(texts)
        found = uses(chosen.base, chosen.state, texts, vocabulary)
        if chosen.keep:
            chosen.keep.write_bytes(pickle.dumps((vocabulary, found)))
    lines = [" ".join(group) for group in grouped(vocabulary, found)]
    lines.insert(
        0, "# Words of like use in news, a group a line. Learned by training/word_groups.py; see its docstring."
    )
    chosen.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
