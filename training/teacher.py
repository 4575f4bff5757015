"""Trains the teacher: a small transformer fine-tuned on the labels, whose soft labels train the fast models. Run rarely, by
hand, in an environment of its own (torch, transformers, and a folder with the weights and tokenizer of bge-small-en-v1.5, a
BERT of twelve layers, 33 million weights, MIT licence):

    python -m training.teacher --shared ../shared --elsewhere NEWS --base FOLDER --state teacher.pt --said said.npz

The teacher learns from the labels of the archive and of news elsewhere, and from what was written for training. It never
sees the development set, nor items that tell the same, so that figures on the development set stay honest for whatever is
trained on its soft labels. CPU with bfloat16, about two hours on two cores. It reads the development set with F1 0.915 of
signals, macro F1 0.786 of directions and 0.097 of them opposed.

The soft labels in use were made by these steps run one by one, not by one run of ``main`` as it stands: first on the archive
and what was written, 1.75 epochs, then 1,200 more batches, of which three fifths were news elsewhere, at two thirds of the
rate, then 2,600 like these with more of such news. The soft labels of the archive are of the teacher before the last step. A
new run gives like labels, not the same.
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


# How much an item counts by its origin, for signal or not and for the labels of a signal.
WEIGHT = {"archive": (1.0, 1.0), "elsewhere": (1.0, 1.0), "doubtful": (0.0, 1.0), "written": (0.2, 0.6)}
# How much each head counts: direction, instrument, stage.
HEAD_WEIGHT = (1.5, 0.7, 0.7)


@dataclass(frozen=True)
class Settings:
    """``frozen``: so many layers above the vectors stay as they are; ``tokens``: so many word pieces are read."""

    epochs: float = 1.75
    batch: int = 32
    rate: float = 1.2e-4
    head_rate: float = 1e-3
    frozen: int = 3
    tokens: int = 48
    seed: int = 1


class Teacher(nn.Module):
    """The base model with one linear layer for all outputs on its mean and first vectors."""

    def __init__(self, base: str, frozen: int) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(base)
        for part in (self.base.embeddings, *self.base.encoder.layer[:frozen]):
            part.requires_grad_(False)
        width = self.base.config.hidden_size
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(2 * width, OUTPUTS)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.base(input_ids=ids, attention_mask=mask).last_hidden_state.float()
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


def loss_of(raw: torch.Tensor, gold: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    of_signal = nn.functional.binary_cross_entropy_with_logits(raw[:, 0], gold[:, 0].float(), reduction="none")
    total = (weight[:, 0] * of_signal).mean()
    at = 1
    for i, (values, factor) in enumerate(zip(corpus.HEADS.values(), HEAD_WEIGHT, strict=True), 1):
        known = gold[:, i] >= 0
        if known.any():
            scores = raw[known, at : at + len(values)]
            part = nn.functional.cross_entropy(scores, gold[known, i], label_smoothing=0.05, reduction="none")
            total = total + factor * (part * weight[known, 1]).sum() / len(gold)
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
    model = Teacher(base, settings.frozen)
    rows = encode(tokenizer, [(i.title, i.text) for i in items], settings.tokens)
    gold, weight = targets(items), torch.tensor([WEIGHT[i.origin] for i in items])
    lengths = list(map(len, rows))
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in model.base.parameters() if p.requires_grad], "lr": settings.rate},
            {"params": model.head.parameters(), "lr": settings.head_rate},
        ],
        weight_decay=0.01,
    )
    steps = int(settings.epochs * ((len(rows) + settings.batch - 1) // settings.batch))
    warm = max(1, steps // 15)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / warm, max(0.02, (steps - s) / max(1, steps - warm)))
    )
    model.train()
    start, total = time.time(), 0.0
    order: list[list[int]] = []
    for step in range(1, steps + 1):
        order = order or batches(lengths, settings.batch, chance)
        batch = order.pop()
        ids, mask = pad([rows[i] for i in batch])
        loss = loss_of(model(ids, mask), gold[batch], weight[batch])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 50 == 0:
            print(f"step {step} of {steps}: loss {total / 50:.3f}, {time.time() - start:.0f} s", flush=True)
            total = 0.0
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


def keep(model: Teacher, tokenizer: Any, items: Sequence[corpus.Item], tokens: int, path: Path) -> None:
    """Writes what the teacher says of ``items``, by id, in 255ths, as ``training.corpus.said`` reads it."""
    said = soft_labels(predict(model, tokenizer, [(i.title, i.text) for i in items], tokens))
    order = np.argsort([i.id for i in items])
    ids = np.array([items[n].id for n in order])
    np.savez_compressed(path, ids=ids, said=np.round(said[order] * 255).astype(np.uint8))


def main() -> None:
    """Trains on the labels and on what was written, and writes soft labels: for the linear model, of the doubtful items of the
    archive and of those without labels that may hold a signal; for the network, of these and all labelled items, of the halves
    of labelled signals, and of the other news elsewhere that may hold a signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--elsewhere", type=Path, help="folder with news of other collections, as JSON lines")
    parser.add_argument("--base", required=True, help="folder with the weights and tokenizer of bge-small-en-v1.5")
    parser.add_argument("--state", type=Path, required=True, help="where to keep the trained teacher")
    parser.add_argument("--out", type=Path, default=corpus.LABELS / "soft.npz")
    parser.add_argument("--said", type=Path, required=True, help="where to keep what the network learns from")
    parser.add_argument("--least", type=float, default=0.025, help="probability of a signal, by the fast models")
    chosen = parser.parse_args()
    settings = Settings()
    known = corpus.dev(chosen.shared)
    labelled = corpus.labelled(chosen.shared, chosen.elsewhere, known)
    items = [i for i in (*labelled, *corpus.written()) if WEIGHT[i.origin][0] or i.signal]
    model, tokenizer = train(chosen.base, items, settings)
    torch.save(model.state_dict(), chosen.state)
    read = reader(None).read

    def may_be(item: corpus.Item) -> bool:
        return read(item.title, item.text).signals.probability >= chosen.least

    without = {corpus.key(item.title) for item in [*known, *labelled]}
    asked = [i for i in labelled if i.origin == "doubtful"]
    asked += [i for i in corpus.unlabelled(chosen.shared) if corpus.key(i.title) not in without and may_be(i)]
    keep(model, tokenizer, asked, settings.tokens, chosen.out)
    asked += [i for i in labelled if i.origin != "doubtful"] + corpus.halves(labelled)
    if chosen.elsewhere:
        news = (corpus.bare(*told) for told in corpus.untold(chosen.elsewhere, known + labelled))
        asked += [item for item in news if may_be(item)]
    keep(model, tokenizer, asked, settings.tokens, chosen.said)


if __name__ == "__main__":
    main()
