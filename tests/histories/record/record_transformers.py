"""Record a training with the Trainer of transformers: trainer_state.json."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import torch
from task import FIXTURES, data, network, write_sidecar
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = network()

    def forward(self, points, labels):
        logits = self.network(points)
        return {"loss": cross_entropy(logits, labels), "logits": logits}


class Items(torch.utils.data.Dataset):
    def __init__(self, source) -> None:
        self.points, self.labels = source.tensors

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, i):
        return {"points": self.points[i], "labels": self.labels[i]}


class Seen(TrainerCallback):
    """What the Trainer gives its callbacks to log, with the iteration of each."""

    def __init__(self) -> None:
        self.series: dict[str, list[tuple[float, float]]] = {}

    def on_log(self, args, state, control, logs=None, **_):
        names = {"loss": "train_loss", "eval_loss": "val_loss", "eval_accuracy": "val_accuracy",
                 "learning_rate": "lr"}  # fmt: skip
        for theirs, ours in names.items():
            if theirs in logs:
                self.series.setdefault(ours, []).append((state.global_step, float(logs[theirs])))


def main() -> None:
    set_seed(5)
    place, seen = Path(tempfile.mkdtemp()), Seen()
    arguments = TrainingArguments(
        output_dir=str(place), max_steps=120, per_device_train_batch_size=32, eval_strategy="steps",
        eval_steps=10, logging_steps=5, save_steps=120, learning_rate=0.02, report_to=[], use_cpu=True,
        disable_tqdm=True, per_device_eval_batch_size=200, remove_unused_columns=False,
        dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Trainer(
        Model(), arguments, train_dataset=Items(data(256, 1)), eval_dataset=Items(data(200, 2)),
        callbacks=[seen],
        compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())},
    )  # fmt: skip
    trainer.train()
    trainer.save_state()  # written at the end, with the summary of the whole run as the last entry
    folder = FIXTURES / "transformers"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(place / "trainer_state.json", folder)
    write_sidecar("transformers/expected.json", **seen.series)


main()
