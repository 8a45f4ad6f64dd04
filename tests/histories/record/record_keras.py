"""Record a training with Keras on its torch backend: CSVLogger's file and History.history as JSON."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import json

import keras
import numpy as np
from task import FIXTURES, data, write_sidecar


class Seen(keras.callbacks.Callback):
    """What the callbacks are told at the end of each epoch, and the learning rate that was used in it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch, **{name: float(value) for name, value in logs.items()}})


def main() -> None:
    keras.utils.set_random_seed(3)
    folder = FIXTURES / "keras"
    folder.mkdir(parents=True, exist_ok=True)
    layers = [keras.layers.Dense(32, activation="relu"), keras.layers.Dense(32, activation="relu")]
    model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(2)])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"],
    )  # fmt: skip
    train, val = ([np.asarray(t) for t in data(n, seed).tensors] for n, seed in ((256, 1), (200, 2)))
    seen = Seen()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, lr: 0.1 * 0.9**epoch)
    history = model.fit(
        *train, batch_size=32, epochs=15, validation_data=tuple(val), verbose=0,
        callbacks=[schedule, seen, keras.callbacks.CSVLogger(folder / "training.log")],
    )  # fmt: skip
    values = {name: [float(v) for v in column] for name, column in history.history.items()}
    (folder / "history.json").write_text(json.dumps(values), encoding="utf-8")
    names = {"loss": "train_loss", "val_loss": "val_loss", "val_accuracy": "val_accuracy",
             "accuracy": "train_accuracy", "learning_rate": "lr"}  # fmt: skip
    write_sidecar(
        "keras/expected.json",
        **{ours: [(row["epoch"], row[theirs]) for row in seen.rows] for theirs, ours in names.items()},
    )


main()
