"""Record a plain loop with torch.utils.tensorboard's SummaryWriter."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from loop import train
from task import FIXTURES, write_sidecar
from torch.utils.tensorboard import SummaryWriter

TAGS = {"loss": "Loss/train", "lr": "lr", "val_loss": "Loss/val", "val_accuracy": "Accuracy/val"}
NAMES = {"loss": "train_loss"}


def main() -> None:
    place, series = Path(tempfile.mkdtemp()), {}
    writer = SummaryWriter(place)

    def log(iteration: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(TAGS[name], value, iteration)
            series.setdefault(NAMES.get(name, name), []).append((iteration, value))

    train(log)
    writer.close()
    folder = FIXTURES / "summarywriter"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (events,) = place.glob("events.*")
    shutil.copy(events, folder / "events.out.tfevents.1.host.1.0")
    write_sidecar("summarywriter/expected.json", **series)


main()
