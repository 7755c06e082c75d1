"""The table of rendered hands that comes with livefg."""

from pathlib import Path

import numpy as np

import training
from training.samples import Samples
from training.synthetic.poses import CLASSES

TABLE = Path(training.__file__).parent / "data" / "rendered.npz"


def test_it_is_small_and_holds_every_class() -> None:
    samples = Samples.load(TABLE)
    assert TABLE.stat().st_size < 2_000_000
    assert set(samples.counts()) == set(CLASSES)
    assert min(samples.counts().values()) >= 90
    assert samples.counts()["none"] > 1000


def test_it_holds_both_hands_with_depth_as_perception_gives_them() -> None:
    samples = Samples.load(TABLE)
    assert samples.has_depth.all()
    assert 0.45 < np.mean(samples.right > 0.5) < 0.55
    palm = np.linalg.norm(samples.world[:, 9] - samples.world[:, 0], axis=1)
    assert 0.05 < np.median(palm) < 0.12


def test_thumbs_point_where_their_labels_say() -> None:
    samples = Samples.load(TABLE)
    for label, up in (("thumb_up", 1), ("thumb_down", -1)):
        thumbs = samples.landmarks[samples.label == label]
        rise = (thumbs[:, 2, 1] - thumbs[:, 4, 1]) * up
        assert (rise > 0).mean() > 0.97
