"""Trains the teacher: a small transformer fine-tuned on the labels, whose soft labels of the archive train the fast
model. Run rarely, by hand, in an environment of its own (torch, transformers, and a folder with MiniLM's weights):

    python -m training.teacher --shared ../shared --base FOLDER --out training/labels/soft.npz

The teacher learns from the archive's labels only and never sees the development set, nor items that tell the same, so
that figures on the development set stay honest for whatever is trained on its soft labels. CPU, about 20 minutes.

The soft labels in use were not made by one run of ``main``, which has not been run as it stands, but by these functions
step by step: with the embeddings and the first layer frozen, three of four scheduled epochs, 64 tokens in prediction, and
items chosen by two earlier linear models. A new run gives like labels, not the same.
"""

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from pipeline.articles.clean import clean
from pipeline.reading import reader
from training import corpus

OUTPUTS = 1 + sum(map(len, corpus.HEADS.values()))


@dataclass(frozen=True)
class Settings:
    epochs: int = 3
    batch: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    tokens: int = 80
    seed: int = 1
    label_weight: float = 1.0


class Teacher(nn.Module):
    """The base model with one linear layer for all outputs on its mean and first vectors."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(base)
        width = self.base.config.hidden_size
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(2 * width, OUTPUTS)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.base(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return self.head(self.drop(torch.cat([mean, states[:, 0]], 1)))


def encode(tokenizer: Any, pairs: Sequence[tuple[str, str]], tokens: int) -> list[list[int]]:
    """Word-piece ids of title and text, cut after ``tokens``."""
    titles = [clean(t).replace("\n", " ") for t, _ in pairs]
    texts = [clean(t)[: tokens * 8] for _, t in pairs]
    out = tokenizer(titles, texts, truncation=True, max_length=tokens, return_attention_mask=False)
    return list(out["input_ids"])


def pad(rows: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def targets(items: Sequence[corpus.Item]) -> torch.Tensor:
    """Per item: signal, then for each head the index of its label, -1 where there is none."""
    rows = []
    for item in items:
        row = [int(item.signal)]
        for head, values in corpus.HEADS.items():
            label = getattr(item, head)
            row.append(values.index(label) if item.signal and label in values else -1)
        rows.append(row)
    return torch.tensor(rows)


def loss_of(raw: torch.Tensor, gold: torch.Tensor, label_weight: float) -> torch.Tensor:
    total = nn.functional.binary_cross_entropy_with_logits(raw[:, 0], gold[:, 0].float())
    at = 1
    for i, values in enumerate(corpus.HEADS.values(), 1):
        known = gold[:, i] >= 0
        if known.any():
            part = nn.functional.cross_entropy(
                raw[known, at : at + len(values)], gold[known, i], label_smoothing=0.05, reduction="sum"
            )
            total = total + label_weight * part / len(gold)
        at += len(values)
    return total


def batches(lengths: Sequence[int], size: int, chance: random.Random) -> list[list[int]]:
    """Batches of items of like length, in random order."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + chance.random() * 16)
    made = [order[i : i + size] for i in range(0, len(order), size)]
    chance.shuffle(made)
    return made


def train(
    base: str,
    items: Sequence[corpus.Item],
    settings: Settings,
) -> tuple[Teacher, Any]:
    torch.manual_seed(settings.seed)
    chance = random.Random(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = Teacher(base)
    rows = encode(tokenizer, [(i.title, i.text) for i in items], settings.tokens)
    gold = targets(items)
    lengths = list(map(len, rows))
    optimiser = torch.optim.AdamW(
        [
            {"params": model.base.parameters(), "lr": settings.rate},
            {"params": model.head.parameters(), "lr": settings.head_rate},
        ],
        weight_decay=0.01,
    )
    steps = settings.epochs * ((len(rows) + settings.batch - 1) // settings.batch)
    warm = max(1, steps // 15)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / warm, max(0.02, (steps - s) / max(1, steps - warm)))
    )
    for epoch in range(settings.epochs):
        model.train()
        start, total = time.time(), 0.0
        for batch in batches(lengths, settings.batch, chance):
            ids, mask = pad([rows[i] for i in batch])
            loss = loss_of(model(ids, mask), gold[batch], settings.label_weight)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss) * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(rows):.3f}, {time.time() - start:.0f} s", flush=True)
    return model, tokenizer


def predict(model: Teacher, tokenizer: Any, pairs: Sequence[tuple[str, str]], tokens: int) -> np.ndarray:
    """Raw outputs, one row an item."""
    model.eval()
    rows = encode(tokenizer, pairs, tokens)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    out = np.zeros((len(rows), OUTPUTS), dtype=np.float32)
    with torch.inference_mode():
        for at in range(0, len(order), 64):
            batch = order[at : at + 64]
            ids, mask = pad([rows[i] for i in batch])
            out[batch] = model(ids, mask).numpy()
    return out


def soft_labels(raw: np.ndarray) -> np.ndarray:
    """Probability of a signal, then a share for each label of each head, from raw outputs."""
    parts = [1 / (1 + np.exp(-raw[:, :1]))]
    at = 1
    for values in corpus.HEADS.values():
        scores = np.exp(raw[:, at : at + len(values)] - raw[:, at : at + len(values)].max(1, keepdims=True))
        parts.append(scores / scores.sum(1, keepdims=True))
        at += len(values)
    return np.concatenate(parts, 1)


def main() -> None:
    """Trains on the archive's labels and writes soft labels of the unlabelled items that may hold a signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--base", required=True, help="folder with the weights and tokenizer of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=corpus.LABELS / "soft.npz")
    parser.add_argument("--least", type=float, default=0.04, help="probability of a signal, by the linear model")
    chosen = parser.parse_args()
    settings = Settings()
    known = corpus.dev(chosen.shared)
    labelled = corpus.archive(chosen.shared, known)
    model, tokenizer = train(chosen.base, labelled, settings)
    without = {corpus.key(item.title) for item in [*known, *labelled]}
    read = reader(None).read
    items = [
        item
        for item in corpus.unlabelled(chosen.shared)
        if corpus.key(item.title) not in without and read(item.title, item.text).signals.probability >= chosen.least
    ]
    said = soft_labels(predict(model, tokenizer, [(i.title, i.text) for i in items], settings.tokens))
    order = np.argsort([i.id for i in items])
    ids = np.array([items[n].id for n in order])
    np.savez_compressed(chosen.out, ids=ids, said=np.round(said[order] * 255).astype(np.uint8))


if __name__ == "__main__":
    main()
