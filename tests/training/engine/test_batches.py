"""Order of the data, normalisation and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.strategies import integers

from wellbegun.errors import TaskError
from wellbegun.training.engine.augment import PAD, Draws, apply, epoch_draws
from wellbegun.training.engine.batches import (
    Normalise,
    ResidentData,
    TrainFeed,
    epoch_order,
    fixed_batches,
    pieces,
    statistics,
    subset,
)


def test_an_order_is_a_permutation_that_follows_from_seed_and_epoch():
    order = epoch_order(100, 3, 5)
    assert order.dtype == torch.int64 and order.sort().values.tolist() == list(range(100))
    assert torch.equal(order, epoch_order(100, 3, 5))
    for other in (epoch_order(100, 3, 6), epoch_order(100, 4, 5), epoch_order(100, 5, 3)):
        assert not torch.equal(order, other)


@given(batch=integers(1, 40), samples=integers(1, 60), count=integers(1, 12))
def test_batches_are_full_and_use_every_sample_at_most_once_per_epoch(batch, samples, count):
    used: dict[int, list[int]] = {}
    for position in range(count):
        found = pieces(position, batch, samples)
        assert sum(stop - start for _, start, stop in found) == batch
        for epoch, start, stop in found:
            used.setdefault(epoch, []).extend(range(start, stop))
    for rows in used.values():
        assert rows == list(range(len(rows))) and len(rows) <= samples  # in order, none skipped, none twice
    assert list(used) == list(range(len(used)))


def feed(samples, batch, seed=0, names=()):
    data = ResidentData((torch.arange(samples), torch.arange(samples)), "cpu", torch.float32)
    plain = Normalise(False, None, None, torch.float32, torch.contiguous_format)
    return TrainFeed(data, plain, samples, batch, seed, names, "cpu")


def test_the_short_batch_at_the_end_of_an_epoch_is_dropped():
    batches = [feed_.next()[1].tolist() for feed_ in [feed(10, 4)] for _ in range(4)]
    orders = [epoch_order(10, 0, epoch).tolist() for epoch in range(2)]
    assert batches == [orders[0][:4], orders[0][4:8], orders[1][:4], orders[1][4:8]]


def test_data_smaller_than_a_batch_wraps():
    stream = [row for feed_ in [feed(3, 5)] for _ in range(3) for row in feed_.next()[1].tolist()]
    assert stream == [row for epoch in range(5) for row in epoch_order(3, 0, epoch).tolist()]


def test_the_feed_goes_on_from_any_position():
    whole = feed(10, 3)
    batches = [whole.next()[1].tolist() for _ in range(8)]
    later = feed(10, 3)
    later.position = 5
    assert [later.next()[1].tolist() for _ in range(3)] == batches[5:]
    whole.position = 2
    assert whole.next()[1].tolist() == batches[2]


def test_fixed_subsets_and_evaluation_batches():
    rows = subset(100, 30, 1)
    assert rows.tolist() == sorted(set(rows.tolist())) and len(rows) == 30
    assert torch.equal(rows, subset(100, 30, 1)) and not torch.equal(rows, subset(100, 30, 2))
    assert subset(5, None, 0).tolist() == subset(5, 9, 0).tolist() == [0, 1, 2, 3, 4]
    sizes = [len(batch) for batch in fixed_batches(torch.arange(1025), 512)]
    assert sum(sizes) == 1025 and max(sizes) <= 512 and min(sizes) > 300


# augmentation, against one image at a time


def images(count=6, height=5, width=7, channels=2):
    return torch.from_numpy(
        np.random.default_rng(0).integers(1, 255, (count, height, width, channels), dtype=np.uint8)
    )


def by_hand(image, mirror, shift):
    height, width, channels = image.shape
    padded = np.zeros((height + 2 * PAD, width + 2 * PAD, channels), np.uint8)
    padded[PAD : PAD + height, PAD : PAD + width] = image
    cropped = padded[shift[0] : shift[0] + height, shift[1] : shift[1] + width]
    return cropped[:, ::-1] if mirror else cropped


@pytest.mark.parametrize("names", [("mirror",), ("crop",), ("crop", "mirror"), ()])
def test_augmentation_is_what_it_says_image_by_image(names):
    batch = images()
    draws = epoch_draws(names, len(batch), seed=2, epoch=1)
    mirror = draws.mirror if "mirror" in names else torch.zeros(len(batch), dtype=torch.bool)
    shift = draws.shift if "crop" in names else torch.full((len(batch), 2), PAD)
    expected = [
        by_hand(i.numpy(), m, s) for i, m, s in zip(batch, mirror.tolist(), shift.tolist(), strict=True)
    ]
    assert np.array_equal(apply(batch, draws).numpy(), np.stack(expected))


def test_draws_cover_all_shifts_and_mirror_half_of_the_images():
    draws = epoch_draws(("mirror", "crop"), 20_000, seed=0, epoch=0)
    counts = torch.bincount(draws.shift[:, 0] * 9 + draws.shift[:, 1], minlength=81)
    assert len(counts) == 81 and counts.min() > 160 and counts.max() < 340  # 247 expected, 6 deviations
    assert abs(draws.mirror.double().mean() - 0.5) < 6 * 0.5 / 20_000**0.5
    again, other = epoch_draws(("crop",), 20_000, 0, 0), epoch_draws(("crop",), 20_000, 0, 1)
    assert torch.equal(again.shift, draws.shift) and not torch.equal(other.shift, draws.shift)


def test_a_shift_of_4_without_mirror_changes_nothing():
    batch = images()
    still = Draws(torch.zeros(len(batch), dtype=torch.bool), torch.full((len(batch), 2), PAD))
    assert torch.equal(apply(batch, still), batch)


# normalisation, against NumPy


def normalised(inputs, kind):
    image, mean, scale = statistics((inputs, torch.zeros(len(inputs))), kind, 0)
    return Normalise(image, mean, scale, torch.float64, torch.contiguous_format)(inputs, None).numpy()


def test_uint8_images_are_standardised_per_channel():
    batch = images(count=50)
    values = batch.numpy().astype(np.float64).transpose(0, 3, 1, 2)
    mean, std = values.mean((0, 2, 3), keepdims=True), values.std((0, 2, 3), keepdims=True)
    np.testing.assert_allclose(normalised(batch, "auto"), (values - mean) / std, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(normalised(batch, "divide_256"), values / 256, rtol=1e-15)
    np.testing.assert_allclose(
        normalised(batch, "subtract_mean"), values - values.mean(0), rtol=1e-12, atol=1e-10
    )
    np.testing.assert_array_equal(normalised(batch, "none"), values)


def test_grey_images_get_one_channel():
    grey = images(channels=1)[..., 0]
    assert normalised(grey, "none").shape == (6, 1, 5, 7)


def test_features_are_left_alone_unless_asked_and_constant_ones_stay_finite():
    features = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    features[:, 1] = 5.0
    np.testing.assert_array_equal(normalised(features, "auto"), features.numpy())
    found = normalised(features, "standardise")
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(0), [1, 0, 1], atol=1e-12)


def test_whole_numbers_cannot_be_standardised():
    with pytest.raises(TaskError, match=r"'standardise'.*int64 of 2 dimensions"):
        statistics((torch.zeros(3, 2, dtype=torch.int64), torch.zeros(3)), "standardise", 0)
