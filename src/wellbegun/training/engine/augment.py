"""Mirrored and shifted images, drawn for a whole epoch and applied to whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

PAD = 4


@dataclass(frozen=True, eq=False)
class Draws:
    """What happens to each image of a batch or epoch; None where nothing does."""

    mirror: Tensor | None  # bool[n]
    shift: Tensor | None  # int64[n, 2], rows and columns, 0..8; 4 leaves the image where it is

    def rows(self, start: int, stop: int) -> Draws:
        """The draws of some of the images."""
        mirror, shift = self.mirror, self.shift
        return Draws(
            None if mirror is None else mirror[start:stop], None if shift is None else shift[start:stop]
        )

    def to(self, device: str) -> Draws:
        """The draws on a device."""
        mirror, shift = self.mirror, self.shift
        return Draws(
            None if mirror is None else mirror.to(device), None if shift is None else shift.to(device)
        )


def seeded(*words: int) -> torch.Generator:
    """A generator of our own whose state follows from these words alone, well mixed."""
    mixed = np.random.SeedSequence([word % 2**64 for word in words]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed))


def epoch_draws(augment: Sequence[str], samples: int, seed: int, epoch: int) -> Draws:
    """The draws of an epoch in the order of use; they follow from (seed, epoch) alone."""
    mirror = shift = None
    if "mirror" in augment:
        mirror = torch.randint(0, 2, (samples,), generator=seeded(seed, epoch, 1), dtype=torch.uint8).bool()
    if "crop" in augment:
        shift = torch.randint(0, 2 * PAD + 1, (samples, 2), generator=seeded(seed, epoch, 2))
    return Draws(mirror, shift)


def apply(images: Tensor, draws: Draws) -> Tensor:
    """Images [b, h, w, c] padded by 4 zeros, cropped back to [h, w] at the shifts, then mirrored."""
    if draws.mirror is None and draws.shift is None:
        return images
    batch, height, width, channels = images.shape
    rows = torch.arange(height, device=images.device).expand(batch, height)
    columns = torch.arange(width, device=images.device).expand(batch, width)
    if draws.mirror is not None:
        columns = torch.where(draws.mirror[:, None], width - 1 - columns, columns)
    if draws.shift is not None:
        images = functional.pad(images, (0, 0, PAD, PAD, PAD, PAD))
        rows, columns = rows + draws.shift[:, :1], columns + draws.shift[:, 1:]
    first = torch.arange(batch, device=images.device)[:, None] * images.shape[1]
    pixels = ((first + rows) * images.shape[2])[:, :, None] + columns[:, None, :]
    # one gather of whole pixels: 2.6 times faster than indexing by three index tensors
    found = images.reshape(-1, channels).index_select(0, pixels.reshape(-1))
    return found.reshape(batch, height, width, channels)
