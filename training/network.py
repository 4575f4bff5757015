"""Trains the network of ``pipeline.signals.network``. Run rarely, by hand, in the environment of ``training.teacher``, after
it and ``training.word_groups``:

    python -m training.network --shared ../shared --uses USES

It learns from the labels, and from the teacher's soft labels of what has none; the vectors of its words begin as what the
teacher makes of their uses (``training.word_groups --keep USES``), in as many dimensions as tell most. It never sees the
development set, so that figures on that stay honest. CPU, half an hour on one core.
"""

import argparse
import math
import pickle
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.articles.clean import clean
from pipeline.signals.features import READ_CHARS, words
from pipeline.signals.network import BLOCKS, HEADS, NOTHING, TITLE_WORDS, UNKNOWN, WORDS
from training import corpus, teacher
from training.teacher import OUTPUTS, batches, targets

OUT = Path(__file__).parents[1] / "pipeline" / "signals" / "data" / "network.npz"
DIMENSIONS, WIDTH = 96, 160
# A word in fewer texts has no vector of its own.
LEAST = 10
EPOCHS, BATCH, RATE = 4, 64, 1e-3
# How much an item counts by its origin, for signal or not and for the labels of a signal; and what the teacher says of it,
# where it has labels and where not.
WEIGHT = teacher.WEIGHT | {"taught": (0.0, 0.0)}
BESIDE_LABELS, ALONE = 0.5, 1.0

Array = np.ndarray[Any, np.dtype[Any]]
Row = tuple[list[int], int]


class Block(nn.Module):
    """``pipeline.signals.network.Block`` for training."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.nearby = nn.Conv1d(WIDTH, WIDTH, 3, padding=1, groups=WIDTH)
        self.asked, self.told = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.drop = nn.Dropout(0.1)

    def forward(self, states: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        count, length, width = states.shape
        seen = self.first(states)
        seen = seen + self.nearby((seen * there.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
        parts = (p.view(count, length, HEADS, -1).transpose(1, 2) for p in self.asked(seen).chunk(3, -1))
        told = nn.functional.scaled_dot_product_attention(*parts, attn_mask=there[:, None, None, :])
        states = states + self.drop(self.told(told.transpose(1, 2).reshape(count, length, width)))
        return states + self.drop(self.narrow(torch.relu(self.wide(self.second(states)))))


class Net(nn.Module):
    """``pipeline.signals.network.Network`` for training."""

    def __init__(self, vectors: Array) -> None:
        super().__init__()
        self.vectors = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False)
        self.zones, self.places = nn.Embedding(3, DIMENSIONS), nn.Embedding(WORDS, WIDTH)
        self.zones.weight.data *= 0.1
        self.places.weight.data *= 0.1
        self.phrases = nn.Conv1d(DIMENSIONS, WIDTH, 3, padding=1)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.last = nn.LayerNorm(WIDTH)
        self.attention = nn.Linear(WIDTH, HEADS)
        self.head = nn.Linear((2 + HEADS) * WIDTH, OUTPUTS)
        self.some, self.more = nn.Dropout(0.15), nn.Dropout(0.4)

    def forward(self, read: torch.Tensor, zone: torch.Tensor) -> torch.Tensor:
        there = zone > 0
        states = self.some(self.vectors(read) + self.zones(zone)) * there.unsqueeze(-1)
        states = self.phrases(states.transpose(1, 2)).transpose(1, 2) + self.places.weight[: read.shape[1]]
        for block in self.blocks:
            states = block(states, there)
        states = self.last(states)
        highest = [states.masked_fill((zone != z).unsqueeze(-1), NOTHING).amax(1) for z in (1, 2)]
        weighed = self.attention(states).masked_fill(~there.unsqueeze(-1), -1e4).softmax(1)
        seen = torch.einsum("blw,blk->bkw", states, weighed).flatten(1)
        return self.head(self.more(torch.cat([*highest, seen], 1)))


def start_vectors(vocabulary: Sequence[str], counts: Counter[str], uses: Path) -> Array:
    """A row a word, behind those of no word and of an unknown one: its use among the directions that tell most."""
    known, found = pickle.loads(uses.read_bytes())
    at = {word: i for i, word in enumerate(known)}
    rows = np.stack([found[at[w]] if w in at else np.zeros(found.shape[1]) for w in vocabulary])
    met = np.abs(rows).sum(1, keepdims=True) > 0
    weight = np.sqrt([[counts[w]] for w in vocabulary]) * met
    rows = (rows - (rows * weight).sum(0) / weight.sum()) * met
    rows /= np.maximum(1e-6, np.linalg.norm(rows, axis=1, keepdims=True))
    turned = np.linalg.svd(rows * np.sqrt(weight), full_matrices=False)[2]
    rows = rows @ turned[:DIMENSIONS].T
    return np.concatenate([np.zeros((2, DIMENSIONS)), rows / rows.std() * 0.5]).astype(np.float32)


def padded(rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers of words, 0 behind the last, and zones: 1 title, 2 text."""
    width = max(len(read) for read, _ in rows)
    read, zone = np.zeros((2, len(rows), width), dtype=np.int64)
    for i, (numbers, split) in enumerate(rows):
        read[i, : len(numbers)] = numbers
        zone[i, : len(numbers)] = 2
        zone[i, :split] = 1
    return torch.tensor(read), torch.tensor(zone)


def train(items: Sequence[corpus.Item], uses: Path, seed: int = 1) -> tuple[Net, list[str]]:
    """The network and its words."""
    torch.manual_seed(seed)
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    texts = [(words(clean(i.title).replace("\n", " ")), words(clean(i.text)[:READ_CHARS])) for i in items]
    counts = Counter(word for title, body in texts for word in (*title, *body))
    vocabulary = sorted((w for w, n in counts.items() if n >= LEAST), key=lambda w: (-counts[w], w))
    number = {word: UNKNOWN + 1 + i for i, word in enumerate(vocabulary)}
    rows: list[Row] = []
    for title, body in texts:
        split = min(len(title), TITLE_WORDS)
        rows.append(([number.get(w, UNKNOWN) for w in [*title[:split], *body][:WORDS]], split))
    gold = targets(items)
    weight = torch.tensor([WEIGHT[i.origin] for i in items])
    taught = torch.tensor([bool(i.said) * (BESIDE_LABELS if WEIGHT[i.origin][0] else ALONE) for i in items])
    said = torch.tensor([i.said or (0.0,) * OUTPUTS for i in items])
    net = Net(start_vectors(vocabulary, counts, uses))
    own = [p for name, p in net.named_parameters() if not name.startswith("vectors")]
    optimiser = torch.optim.AdamW(
        [
            {"params": net.vectors.parameters(), "lr": RATE, "weight_decay": 0.0},
            {"params": own, "lr": 1.5 * RATE, "weight_decay": 0.02},
        ]
    )
    steps = math.ceil(len(rows) / BATCH) * EPOCHS
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, 1.5 * RATE], total_steps=steps, pct_start=0.15)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in batches([len(read) for read, _ in rows], BATCH, chance):
            read, zone = padded([rows[i] for i in batch])
            read[torch.tensor(noise.random(read.shape) < 0.06) & (zone > 0)] = UNKNOWN
            loss = loss_of(net(read, zone), gold[batch], weight[batch], said[batch], taught[batch])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(rows):.3f}", flush=True)
    return net.eval(), vocabulary


def loss_of(
    raw: torch.Tensor, gold: torch.Tensor, weight: torch.Tensor, said: torch.Tensor, taught: torch.Tensor
) -> torch.Tensor:
    """Against labels where there are any, and against what the teacher said."""
    of_signal = nn.functional.binary_cross_entropy_with_logits(raw[:, 0], said[:, 0], reduction="none")
    total = teacher.loss_of(raw, gold, weight) + (taught * of_signal).mean()
    at = 1
    for values, factor in zip(corpus.HEADS.values(), teacher.HEAD_WEIGHT, strict=True):
        scores = raw[:, at : at + len(values)]
        shares = (taught * said[:, 0]).unsqueeze(1) * said[:, at : at + len(values)]
        total = total - factor * (shares * scores.log_softmax(1)).sum(1).mean()
        at += len(values)
    return total


def save(net: Net, vocabulary: Sequence[str], path: Path) -> None:
    """Writes the network as ``pipeline.signals.network`` reads it."""
    held = {name: value.numpy() for name, value in net.state_dict().items()}
    vectors = held.pop("vectors.weight")
    # A byte a number: the vectors are most of the network, and their rounding is not to be seen in what it says.
    scales = np.abs(vectors).max(1, keepdims=True) / 127 + 1e-9
    parts = {"scales": scales[:, 0], "zones": held.pop("zones.weight")[1:], "places": held.pop("places.weight")}
    for name, part in held.items():
        # A convolution is kept as one matrix over three words in a row, or, of each number by itself, as three rows.
        if part.ndim == 3:
            parts[name] = part.transpose(2, 1, 0).reshape(-1, len(part))
        else:
            parts[name] = part.T
    listed = np.frombuffer("\n".join(vocabulary).encode("utf-8"), dtype=np.uint8)
    rounded = np.round(vectors / scales).astype(np.int8)
    halves = {name: part.astype(np.float16) for name, part in parts.items()}
    np.savez_compressed(path, words=listed, vectors=rounded, **halves)


def main() -> None:
    """Reads, trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--elsewhere", type=Path, help="folder with news of other collections, as JSON lines")
    parser.add_argument("--said", type=Path, help="what the teacher says of all news, as training.teacher keeps it")
    parser.add_argument("--uses", type=Path, required=True, help="uses of words, as training.word_groups keeps them")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    dev = corpus.dev(chosen.shared)
    labelled = corpus.labelled(chosen.shared, chosen.elsewhere, dev)
    items = corpus.with_said([*labelled, *corpus.written(), *corpus.halves(labelled)], chosen.said)
    items += corpus.taught(chosen.shared, dev + labelled)
    items += corpus.taught_elsewhere(chosen.elsewhere, chosen.said, dev + labelled)
    net, vocabulary = train([i for i in items if WEIGHT[i.origin][0] or i.signal or i.said], chosen.uses)
    save(net, vocabulary, chosen.out)


if __name__ == "__main__":
    main()
