"""One labelled picture: a pose, a person, a place, a camera; all of it follows from one seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import cv2
import numpy as np

from livefg.results import ImageArray, Side
from training.synthetic.backgrounds import background, texture
from training.synthetic.mesh import FloatArray
from training.synthetic.poses import POSES, Pose, between, sampled_angles, sampled_shape
from training.synthetic.render import Camera, HandLayer, Look, Placement, render_hand
from training.synthetic.rig import Holding, PosedHand, Sleeve, hand_rig
from training.synthetic.views import View, label_holds, sampled_view

__all__ = ["SIZE", "Sample", "Setting", "decoded", "sample", "sample_seed"]

SIZE = 320
"""Width and height of a picture in pixels."""
_TRIES = 200
_IN_BETWEEN_SHARE = 0.25
_SPAN = (55.0, 250.0)
_FINE_PALM = 50.0


@dataclass(frozen=True, slots=True)
class Setting:
    """How a picture was made, for reports.

    `twist`, `pitch`, `roll` in degrees and `position` are the view's (`views.View`). `distance` is in metres, `palm`
    is the length in pixels from wrist to middle knuckle, were it seen without foreshortening. `back` is the cosine
    between the view and the back of the hand: 1 seen from behind, -1 onto the palm. `darkness` 0..1 is the skin's.
    `hidden` is the share of the hand's pixels behind something, `cut` the share of the joints outside the picture,
    `blur` the length of the motion blur in pixels.
    """

    position: str
    twist: float
    pitch: float
    roll: float
    distance: float
    palm: float
    back: float
    darkness: float
    hidden: float
    cut: float
    blur: float


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture of one hand as JPEG data, what it shows, and the hand's joints (21, 2) in pixels.

    `pose` is the name of the pose within its class.
    """

    jpeg: bytes
    label: str
    pose: str
    side: Side
    joints: FloatArray
    setting: Setting

    @property
    def image(self) -> ImageArray:
        """The picture, (SIZE, SIZE, 3) uint8 RGB."""
        return decoded(self.jpeg)


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """A hand in front of a camera, not drawn yet."""

    pose: Pose
    side: Side
    view: View
    hand: PosedHand
    placement: Placement
    camera: Camera
    joints: FloatArray
    palm: float


def decoded(jpeg: bytes) -> ImageArray:
    """The picture (h, w, 3) uint8 RGB in JPEG data."""
    picture = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(picture[..., ::-1])


def sample_seed(seed: int, label: str, index: int) -> list[int]:
    """The seed of a class's sample; it depends neither on the other classes nor on the other samples."""
    return [seed, zlib.crc32(label.encode()), index]


def sample(label: str, index: int, seed: int = 0) -> Sample:
    """The `index`-th picture of a class; the same for the same arguments. Even ones show right hands."""
    random = np.random.default_rng(sample_seed(seed, label, index))
    shot = _shot(label, "right" if index % 2 == 0 else "left", random)
    look = _look(random)
    oversampling = 2 if shot.palm < _FINE_PALM else 1
    layer = render_hand(shot.side, shot.hand, shot.placement, shot.camera, look, oversampling)
    layer, blur = _blurred(layer, random)
    picture = background(SIZE, random)
    picture = picture * (1 - layer.coverage[..., None]) + 255 * layer.colour
    hidden = _occlude(picture, layer, random)
    outside = (layer.joints < 0).any(axis=1) | (layer.joints > SIZE - 1).any(axis=1)
    to_viewer = -_palm_direction(shot) @ _unit(-layer.space[[0, 5, 17]].mean(axis=0))
    setting = Setting(
        position=shot.view.position,
        twist=shot.view.twist,
        pitch=shot.view.pitch,
        roll=shot.view.roll,
        distance=float(-layer.space[9, 2]),
        palm=shot.palm,
        back=float(to_viewer),
        darkness=look.darkness,
        hidden=hidden,
        cut=float(outside.mean()),
        blur=blur,
    )
    return Sample(_as_taken(picture, random), label, shot.pose.name, shot.side, layer.joints, setting)


def _chosen_pose(label: str, random: np.random.Generator) -> Pose:
    if label == "none" and random.random() < _IN_BETWEEN_SHARE:
        return between(random)
    poses = [pose for pose in POSES if pose.label == label]
    shares = np.array([pose.share for pose in poses])
    return poses[random.choice(len(poses), p=shares / shares.sum())]


def _shot(label: str, side: Side, random: np.random.Generator) -> _Shot:
    """A pose seen so that its label is true. Raises RuntimeError if a class's views hardly ever show it."""
    pose = _chosen_pose(label, random)
    shape = sampled_shape(random)
    sleeve = Sleeve(float(random.choice([0.015, 0.05, 0.09, 0.16])), float(random.uniform(1.15, 1.6)))
    bare = random.random() < 0.25
    for _ in range(_TRIES):
        angles = sampled_angles(pose, random)
        holding = _held(pose.holding, random)
        hand = hand_rig(side).posed(angles, shape, None if bare else sleeve, holding)
        shot = _placed(pose, side, hand, random)
        if label_holds(pose.views, shot.joints, shot.palm):
            return shot
    raise RuntimeError(f"no view of {label}/{pose.name} shows it")


def _held(holding: Holding | None, random: np.random.Generator) -> Holding | None:
    if holding is None or random.random() < 0.3:
        return None
    thickness = float(random.uniform(0.75, 1.2))
    radii = (holding.radii[0] * thickness, holding.radii[1] * thickness)
    return replace(holding, length=holding.length * float(random.uniform(0.7, 1.4)), radii=radii)


def _placed(pose: Pose, side: Side, hand: PosedHand, random: np.random.Generator) -> _Shot:
    """Put a hand before a camera whose picture is a part of a larger one."""
    view = sampled_view(pose.views, random)
    distance = float(random.uniform(0.3, 1.3))
    rig = hand_rig(side)
    centre = np.array([random.uniform(-0.18, 0.18), random.uniform(-0.15, 0.15), -distance])
    placement = Placement.of(rig, hand, *view.axes(side), centre)
    space = placement(hand.joints)
    flat = space[:, :2] / -space[:, 2:] * (1, -1)
    extent = float((flat.max(axis=0) - flat.min(axis=0)).max())
    # Small pictures of hands are as frequent as large ones on a logarithmic scale.
    span = float(np.exp(random.uniform(*np.log(_SPAN))))
    if extent < 1.3 * float(np.linalg.norm(space[9] - space[0])) / distance:
        span *= 0.75  # a fist is not as large as an open hand at the same distance
    focal = span / extent
    cut = random.uniform(0, 0.2) if random.random() < 0.12 else -0.04
    room = SIZE / 2 + (cut - 0.5) * span
    middle = focal * (flat.max(axis=0) + flat.min(axis=0)) / 2
    target = SIZE / 2 + random.uniform(-1, 1, 2) * max(room, 0.0)
    shift = target - middle
    camera = Camera(SIZE, SIZE, focal, (float(shift[0]), float(shift[1])))
    palm = focal * float(np.linalg.norm(space[9] - space[0])) / distance
    return _Shot(pose, side, view, hand, placement, camera, camera.project(space)[0], palm)


def _look(random: np.random.Generator) -> Look:
    around = random.uniform(-1.3, 1.3)
    light = (float(np.sin(around)), float(random.uniform(-0.1, 1.1)), float(np.cos(around)) + 0.2)
    warm = random.normal() * 0.12
    tint = np.array([1 + warm, 1.0, 1 - warm])
    darkness = float(random.uniform(0, 1))
    bright = random.uniform(0.65, 1.2) * (1 + 0.35 * darkness)  # cameras expose dark skin longer
    key, ambient = random.uniform(0.35, 1.0) * bright, random.uniform(0.28, 0.6) * bright

    def colour() -> tuple[float, float, float]:
        grey = random.uniform(0.02, 0.7)
        red, green, blue = np.clip(grey + random.normal(size=3) * random.uniform(0, 0.25), 0.01, 0.9).tolist()
        return red, green, blue

    key_red, key_green, key_blue = (key * tint).tolist()
    sky_red, sky_green, sky_blue = (ambient * (tint + 1) / 2).tolist()
    return Look(
        darkness=darkness,
        warmth=float(random.normal() * 0.5),
        sleeve_colour=colour(),
        thing_colour=colour(),
        pattern=float(random.choice([0.02, 0.04, 0.25])),
        light=light,
        light_colour=(key_red, key_green, key_blue),
        ambient=(sky_red, sky_green, sky_blue),
        gloss=float(random.uniform(0.02, 0.11)) * (1 + darkness),
    )


def _blurred(layer: HandLayer, random: np.random.Generator) -> tuple[HandLayer, float]:
    """The hand out of focus and, in a fifth of the pictures, in motion; and the motion's length in pixels."""
    stack = np.concatenate([layer.colour, layer.coverage[..., None], layer.skin[..., None]], axis=2)
    stack = np.asarray(cv2.GaussianBlur(stack, (0, 0), float(random.uniform(0.45, 1.1))), np.float32)
    length = 0.0
    if random.random() < 0.2:
        length, angle = float(random.uniform(3, 15)), random.uniform(0, np.pi)
        half = int(length / 2) + 1
        kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
        step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        start, end = (half - step).round().astype(int).tolist(), (half + step).round().astype(int).tolist()
        cv2.line(kernel, start, end, 1.0)
        stack = np.asarray(cv2.filter2D(stack, -1, kernel / kernel.sum()), np.float32)
    return replace(layer, colour=stack[..., :3], coverage=stack[..., 3], skin=stack[..., 4]), length


def _occlude(picture: FloatArray, layer: HandLayer, random: np.random.Generator) -> float:
    """In a sixth of the pictures, put something in front of a part of the hand; returns the share that it hides."""
    if random.random() > 1 / 6:
        return 0.0
    (left, top), (right, bottom) = layer.joints.min(axis=0), layer.joints.max(axis=0)
    span = max(right - left, bottom - top)
    hand = layer.skin > 0.5
    hand[: max(int(top - 0.1 * span), 0)] = False
    hand[max(int(bottom + 0.1 * span), 0) :] = False
    at = layer.joints[random.integers(21)] + random.normal(size=2) * 0.15 * span
    size = span * random.uniform(0.12, 0.45, 2)
    box = cv2.boxPoints((at.tolist(), size.tolist(), float(random.uniform(0, 180)))).astype(np.int32)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    if random.random() < 0.5:
        cv2.fillConvexPoly(mask, box, 1)
    else:
        cv2.ellipse(mask, at.astype(int).tolist(), (size / 2).astype(int).tolist(), 0, 0, 360, 1, -1)
    covered = mask.astype(bool)
    hidden = float((hand & covered).sum() / max(hand.sum(), 1))
    if hidden > 0.3:
        return 0.0
    picture[covered] = texture(SIZE, SIZE, random)[covered]
    return hidden


def _as_taken(picture: FloatArray, random: np.random.Generator) -> bytes:
    """What a webcam makes of the light: exposure, white balance, noise, compression."""
    gain = random.uniform(0.8, 1.15) * (1 + random.normal(size=3) * 0.04)
    exposed = np.clip(picture * gain.astype(np.float32), 0, 255)
    strength = random.uniform(0.5, 5.0) * np.sqrt(0.3 + exposed / 255)
    noise = random.standard_normal(exposed.shape, np.float32) * strength.astype(np.float32)
    taken = np.clip(exposed + noise, 0, 255).astype(np.uint8)
    quality = int(random.integers(55, 96))
    return cv2.imencode(".jpg", taken[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _palm_direction(shot: _Shot) -> FloatArray:
    return np.asarray(shot.placement.rotation @ hand_rig(shot.side).axes[:, 1])


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))
