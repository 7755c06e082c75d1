"""Whole pictures: the same for the same seed, labels that are true in them, joints where the hand is."""

import numpy as np
import pytest

from livefg.perception.handedness import apparent_right
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, Side
from training.synthetic.poses import POSES, Pose
from training.synthetic.render import Camera, HandLayer, Look, Placement, render_hand
from training.synthetic.rig import Sleeve, hand_rig
from training.synthetic.scene import SIZE, sample
from training.synthetic.views import View, label_holds


def drawn(pose: Pose, side: Side, view: View, look: Look | None = None) -> HandLayer:
    rig = hand_rig(side)
    hand = rig.posed(pose.angles, sleeve=Sleeve())
    placement = Placement.of(rig, hand, *view.axes(side), np.array([0.0, 0.0, -0.55]))
    return render_hand(side, hand, placement, Camera(320, 320, 380, (160, 150)), look or Look())


def pose_of(label: str, name: str) -> Pose:
    return next(pose for pose in POSES if (pose.label, pose.name) == (label, name))


def test_a_picture_follows_from_its_label_index_and_seed() -> None:
    first, again, other = sample("victory", 3), sample("victory", 3), sample("victory", 3, seed=1)
    assert first.jpeg == again.jpeg
    assert np.array_equal(first.joints, again.joints)
    assert first.setting == again.setting
    assert first.jpeg != other.jpeg


def test_sides_take_turns() -> None:
    assert [sample("ok", index).side for index in range(4)] == ["right", "left", "right", "left"]


def test_a_picture_is_what_perception_takes() -> None:
    image = sample("none", 0).image
    assert image.shape == (SIZE, SIZE, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


@pytest.mark.parametrize("label", ["thumb_up", "thumb_down", "pointing_up", "mute", "three_gun", "victory"])
def test_labels_are_true_in_the_picture(label: str) -> None:
    for index in range(6):
        shown = sample(label, index)
        assert label_holds(label, shown.joints, shown.setting.palm)
    tip = {"thumb_up": 4, "thumb_down": 4, "pointing_up": 8, "mute": 8}.get(label)
    if tip:
        below = np.delete(shown.joints[:, 1], tip) - shown.joints[tip, 1]
        assert (below > 0).all() if label != "thumb_down" else (below < 0).all()


@pytest.mark.parametrize(
    "view", [View("palm", 0, 0, 0), View("palm", 180, 20, 20), View("thumb", 60, 0, 0)], ids=str
)
@pytest.mark.parametrize("name", ["open_palm/spread", "closed_fist/thumb_over", "call/plain"])
def test_joints_lie_within_the_hand_s_outline(name: str, view: View) -> None:
    label, _, variant = name.partition("/")
    for side in ("left", "right"):
        layer = drawn(pose_of(label, variant), side, view)  # type: ignore[arg-type]
        columns, rows = np.round(layer.joints).astype(int).T
        assert (layer.skin[rows, columns] > 0.5).all()


def test_skin_gets_darker_with_its_darkness_and_palms_stay_lighter() -> None:
    palm, back = View("palm", 0, 0, 0), View("palm", 180, 0, 0)
    pose = pose_of("open_palm", "spread")

    def brightness(view: View, darkness: float) -> float:
        layer = drawn(pose, "right", view, Look(darkness=darkness, light=(0, 0, 1)))
        column, row = np.round(layer.joints[[0, 9]].mean(axis=0)).astype(int)
        return float(layer.colour[row - 5 : row + 5, column - 5 : column + 5].mean())

    backs = [brightness(back, darkness) for darkness in (0.0, 0.5, 1.0)]
    assert backs[0] > backs[1] > backs[2]
    assert brightness(palm, 1.0) > 1.2 * backs[2]


def test_perception_finds_a_rendered_open_palm_and_its_side() -> None:
    settings = PipelineSettings(hands=1, faces=0, gestures=False, smooth=False, workers=1, device="cpu")
    with Pipeline(settings) as pipeline:
        for side in ("left", "right"):
            layer = drawn(pose_of("open_palm", "spread"), side, View("palm", 5, 0, 5))  # type: ignore[arg-type]
            picture = 110 * (1 - layer.coverage[..., None]) + 255 * layer.colour
            pipeline.reset()
            (hand,) = pipeline.process(Frame(picture.astype(np.uint8), 0, 0.0, "rendered")).hands
            palm = np.linalg.norm(layer.joints[9] - layer.joints[0])
            error = np.linalg.norm(hand.landmarks[:, :2] - layer.joints, axis=1) / palm
            assert np.median(error) < 0.12
            assert (apparent_right(hand, mirrored=False) > 0.5) == (side == "right")
