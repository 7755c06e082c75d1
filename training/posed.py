"""Hands that were never seen: joints of posed skeletons in the picture, from more views than anybody photographs.

They cost a thousandth of a rendered hand and lack what perception gets wrong, so they stand beside real and rendered
hands and never replace them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from livefg.errors import LivefgError
from livefg.paths import user_cache_dir
from livefg.results import Side
from training.samples import Samples
from training.synthetic import poses, rig, views
from training.synthetic.poses import CLASSES, POSES, Pose, between, sampled_angles, sampled_shape
from training.synthetic.render import Camera, Placement
from training.synthetic.rig import HandRig
from training.synthetic.views import View, ViewRange, label_holds, sampled_view

__all__ = ["posed_hands"]

_NONE_FACTOR = 8
_IN_BETWEEN = 0.35
_TRIES = 200
_FOCAL = 600.0
# Thumbs are shown from every side, and at a slant.
_MORE_VIEWS = {
    "thumb_up": (
        ViewRange("thumb", (-130, -40), (-35, 35), (-60, 60)),
        ViewRange("thumb", (-40, 110), (-35, 35), (-60, 60)),
    ),
    "thumb_down": (
        ViewRange("down", (-130, -40), (-35, 35), (-60, 60)),
        ViewRange("down", (-40, 110), (-35, 35), (-60, 60)),
    ),
}
_SLANT = 65.0
# Many people close their fingers only loosely behind a thumb: bent at the knuckles, the tips still off the palm.
_LOOSE_FISTS = tuple(
    replace(
        pose,
        name=f"{pose.name}_loose",
        angles=np.array([*pose.angles[:5], *([mcp, 0.0, pip, dip] * 4), *pose.angles[21:]]),
        variation=1.6,
        share=pose.share / 2,
    )
    for pose in POSES
    if pose.label in ("thumb_up", "thumb_down", "closed_fist")
    for mcp, pip, dip in ((62.0, 96.0, 40.0), (78.0, 70.0, 30.0))
)

# Hands of people who talk: open towards the camera, but loosely so, where an open palm is held out straight.
_AT_EASE = Pose(
    "none",
    "at_ease",
    np.array([2.0, 6, 2, 8, 8, 16, 4, 26, 13, 20, 0, 30, 15, 24, -3, 33, 17, 24, -8, 32, 17, 0, 0, 0, 0]),
    variation=1.5,
    share=10.0,
    views="open_palm",
)


def posed_hands(
    per_label: int,
    *,
    seed: int = 0,
    source: str = "posed",
    licence: str = "",
    progress: Callable[[int, int], None] | None = None,
    cache_folder: Path | None = None,
) -> Samples:
    """`per_label` hands of every gesture that can be posed and eight times as many of `none`, half of them left.

    Points are in pixels without z, since a skeleton's depth is not what perception would say of it. The same
    arguments give the same hands; they are kept in the cache folder. Raises LivefgError if the hand's mesh is missing.
    """
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (poses, rig, views))
    code += Path(__file__).read_bytes()
    key = hashlib.sha256(f"{per_label}|{seed}|".encode() + code).hexdigest()[:32]
    stored = (cache_folder or user_cache_dir()) / "posed" / f"{key}.npz"
    if not stored.exists():
        _pose_all(per_label, seed, progress).save(stored)
    found = Samples.load(stored)
    texts = {"source": source, "licence": licence, "person": source, "session": source}
    return Samples.build(
        found.landmarks,
        found.label.tolist(),
        right=found.right,
        item=found.item.tolist(),
        source=texts["source"],
        licence=texts["licence"],
    )


def _pose_all(per_label: int, seed: int, progress: Callable[[int, int], None] | None) -> Samples:
    wanted = [
        (label, number)
        for label in CLASSES
        for number in range(per_label * (_NONE_FACTOR if label == "none" else 1))
    ]
    points, right, items = [], [], []
    for done, (label, number) in enumerate(wanted):
        if progress and done % 100 == 0:
            progress(done, len(wanted))
        random = np.random.default_rng([seed, zlib.crc32(label.encode()), number])
        side: Side = "right" if number % 2 == 0 else "left"
        name, joints = _posed(label, side, random)
        points.append(joints)
        right.append(float(side == "right"))
        items.append(f"{name} {number}")
    return Samples.build(
        np.array(points), [label for label, _ in wanted], right=right, item=items, source="posed", licence=""
    )


def _posed(label: str, side: Side, random: np.random.Generator) -> tuple[str, np.ndarray]:
    """A pose of a label seen so that the label holds: its name, and the joints (21, 2) in pixels."""
    pose = _chosen(label, random)
    shape = sampled_shape(random)
    for _ in range(_TRIES):
        skeleton = _rig(side)
        hand = skeleton.posed(sampled_angles(pose, random), shape)
        view = _view(pose.views, random)
        centre = np.array([0.0, 0.0, -random.uniform(0.3, 1.2)])
        space = Placement.of(skeleton, hand, *view.axes(side), centre)(hand.joints)
        joints = Camera(1, 1, _FOCAL, (0.0, 0.0)).project(space)[0]
        palm = _FOCAL * float(np.linalg.norm(space[9] - space[0])) / -float(space[9, 2])
        if _holds(pose.views, joints, palm):
            return pose.name, joints
    raise LivefgError(f"No view of {label}/{pose.name} shows it.")


def _chosen(label: str, random: np.random.Generator) -> Pose:
    if label == "none" and random.random() < _IN_BETWEEN:
        return between(random)
    known = [pose for pose in (*POSES, *_LOOSE_FISTS, _AT_EASE) if pose.label == label]
    shares = np.array([pose.share for pose in known])
    return known[random.choice(len(known), p=shares / shares.sum())]


def _view(name: str, random: np.random.Generator) -> View:
    if name not in _MORE_VIEWS:
        return sampled_view(name, random)
    chosen = _MORE_VIEWS[name][random.integers(len(_MORE_VIEWS[name]))]
    twist, pitch, roll = (float(random.uniform(*span)) for span in (chosen.twist, chosen.pitch, chosen.roll))
    return View(chosen.position, twist, pitch, roll)


def _holds(name: str, joints: np.ndarray, palm: float) -> bool:
    if name not in _MORE_VIEWS:
        return label_holds(name, joints, palm)
    x, y = joints[4] - joints[2]
    slant = abs(np.degrees(np.arctan2(x, -y if name == "thumb_up" else y)))
    return bool(slant <= _SLANT and np.hypot(x, y) >= 0.3 * palm)


@cache
def _rig(side: Side) -> HandRig:
    return HandRig(side, 0)
