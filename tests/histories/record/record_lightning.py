"""Record a training with Lightning: CSVLogger's metrics.csv and TensorBoardLogger's event file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from task import FIXTURES, data, network, write_sidecar
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

EPOCHS, EVERY = 12, 5


class Module(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network = network()
        self.seen: dict[str, list[tuple[float, float]]] = {"train_step": [], "train_loss": [], "lr": []}
        self.val: dict[str, list[tuple[float, float]]] = {"val_loss": [], "val_accuracy": []}

    def training_step(self, batch, index):
        loss = cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.seen["train_step"].append((self.global_step, loss.item()))
        self.seen["lr"].append((self.global_step, self.optimizers().param_groups[0]["lr"]))
        return loss

    def validation_step(self, batch, index):
        out = self.network(batch[0])
        loss, accuracy = cross_entropy(out, batch[1]), (out.argmax(1) == batch[1]).float().mean()
        self.log_dict({"val_loss": loss, "val_acc": accuracy})
        if not self.trainer.sanity_checking:
            self.val["val_loss"].append((self.global_step - 1, loss.item()))  # the loggers count from 0
            self.val["val_accuracy"].append((self.global_step - 1, accuracy.item()))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.2, momentum=0.9)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=EPOCHS * 8)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def main() -> None:
    L.seed_everything(1)
    module, place = Module(), Path(tempfile.mkdtemp())
    loggers = [CSVLogger(place, "csv", version=0), TensorBoardLogger(place, "tb", version=0)]
    trainer = L.Trainer(
        max_epochs=EPOCHS, logger=loggers, callbacks=[LearningRateMonitor("step", log_momentum=True)],
        log_every_n_steps=EVERY, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False,
    )  # fmt: skip
    train = DataLoader(data(256, 1), batch_size=32, shuffle=True)
    trainer.fit(module, train, DataLoader(data(200, 2), batch_size=200))
    folder = FIXTURES / "lightning"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tensorboard").mkdir(parents=True)
    shutil.copy(place / "csv/version_0/metrics.csv", folder)
    (events,) = (place / "tb/version_0").glob("events.*")
    shutil.copy(events, folder / "tensorboard" / "events.out.tfevents.1.host.1.0")
    steps = module.seen["train_step"]
    epochs = [steps[i : i + 8] for i in range(0, len(steps), 8)]
    module.seen["train_loss"] = [(part[-1][0], sum(v for _, v in part) / len(part)) for part in epochs]
    write_sidecar("lightning/expected.json", **module.seen, **module.val)


main()
