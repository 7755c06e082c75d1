"""Recordings of real people as takes: the shared sets, each brought to 21 landmarks in an unmirrored picture.

Sets that know less than 21 points get a stiff hand put onto the points that they have: their motions of the fingers
are lost and not used. What is assumed about a set stands with its reader.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.motion_data.actor import POSTURES
from training.motion_data.hand import Build, as_landmarks, hand_points
from training.motion_data.takes import FloatArray, Span, Take

__all__ = ["STIFF_LABELS", "beckoning_signs", "index_tips", "nodding_heads", "pose_segments", "real_sets"]

Array = npt.NDArray[np.float64]

_POSE_LABELS = {
    "swipe_left": "swipe_left",
    "swipe_right": "swipe_right",
    "swipe_up": "swipe_up",
    "swipe_down": "swipe_down",
    "rotate": "circle_clockwise",
    "rotate_counterclockwise": "circle_counterclockwise",
}
# Both hands at once: what each of them does alone looks like a swipe or a circle, which is nobody's fault.
_TWO_HANDED = {"pinch", "spread", "flip_table", "Flip Tale", "spin", "invalid"}
_ASPECT = 16 / 9
"""Of the sets without pixels: with it shoulders, torsos and circles have their natural proportions."""
_UNIT = 720.0

STIFF_LABELS = (
    "swipe_left",
    "swipe_right",
    "swipe_up",
    "swipe_down",
    "wave",
    "circle_clockwise",
    "circle_counterclockwise",
)
"""What a hand can show of which only the place is known."""
_TIPS = {
    "kinivi": (
        "gestures/landmarks_keypoint/point_history.csv",
        {0: "none", 1: "circle_clockwise", 2: "circle_counterclockwise", 3: "none"},
        "Apache-2.0",
    ),
    "gestnet": (
        "gestures/gestnet/model__point_history_classifier__point_history.csv",
        {0: "swipe_right", 1: "swipe_left", 2: "wave", 3: "circle"},
        "MIT",
    ),
}


def real_sets(data: Path) -> dict[str, list[Take]]:
    """The recordings of real people in the data folder, by set."""
    motion = data / "motion"
    sets = {"pose_segments": list(pose_segments(motion / "pose_segments"))}
    for name, (path, names, licence) in _TIPS.items():
        sets[name] = list(index_tips(data / path, names, name, licence))
    spins = motion / "come_away_spin"
    sets["come_away_spin"] = [
        beckoning_signs(path, "come_away_spin", "Apache-2.0", label)
        for path, label in (
            (spins / "raw_come_1627646273.npy", "come"),
            (spins / "raw_away_1627646273.npy", "away"),
            (spins / "raw_spin_1627646273.npy", "circle"),
        )
    ]
    signs = sorted((motion / "brno_signs").glob("*.npy"))
    sets["brno_signs"] = [beckoning_signs(path, "brno_signs", "Apache-2.0", fps=30.0) for path in signs]
    return sets


def pose_segments(folder: Path) -> Iterator[Take]:
    """Both hands of each recording in `motion/pose_segments`: body-pose points of the wrist and three knuckles.

    The view is taken as mirrored, as the labels' directions and the hands that do them suggest (the other reading is
    its exact mirror image). A stroke ends where the hand has slowed down, not where the labelled segment ends.
    """
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as data:
            times, points, labels = data["timestamp_ms"] / 1e3, data["landmarks"], data["label"]
        flat = points[..., :2].astype(np.float64) * [-_ASPECT * _UNIT, _UNIT]
        segments = list(_segments(labels))
        for right, (wrist, little, index) in ((True, (15, 17, 19)), (False, (16, 18, 20))):
            other = 16 if right else 15
            values = _stiff_hand(flat[:, wrist], (flat[:, index] + flat[:, little]) / 2, right)
            spans = tuple(
                span
                for label, first, last in segments
                for span in _pose_span(label, times, flat[:, wrist], flat[:, other], first, last)
            )
            keep = np.concatenate([[True], np.diff(times) > 1e-4])
            recorder = path.name.split("_")[0]
            yield Take(
                times=times[keep],
                values=values[keep],
                spans=spans,
                right=right,
                person=f"pose-{recorder}",
                session=f"pose-{path.stem}",
                source="pose_segments",
                licence="MIT",
            )


def _segments(labels: npt.NDArray[np.str_]) -> Iterator[tuple[str, int, int]]:
    start = 0
    for place in range(1, len(labels) + 1):
        if place == len(labels) or labels[place] != labels[start]:
            if labels[start] != "idle":
                yield str(labels[start]), start, place - 1
            start = place


def _pose_span(label: str, times: Array, mine: Array, other: Array, first: int, last: int) -> Iterator[Span]:
    """The span of a segment for one hand: nothing if it was the other hand's."""
    if label in _TWO_HANDED:
        yield Span("", float(times[first]), float(times[last]), float(times[last]), ignore=True)
        return
    if label not in _POSE_LABELS or last - first < 4:
        return
    part = slice(first, last + 1)
    if np.ptp(mine[part], axis=0).max() < np.ptp(other[part], axis=0).max():
        return
    name = _POSE_LABELS[label]
    end = last if name.startswith("circle") else _stroke_end(times, mine, first, last)
    start, stop = float(times[first]), float(times[end])
    yield Span(name, start, stop, max(start, stop - 0.15) if name.startswith("circle") else stop)


def _stroke_end(times: Array, place: Array, first: int, last: int) -> int:
    """The frame in which the fastest stroke of a segment has slowed down to a fifth."""
    speed = np.linalg.norm(np.gradient(place, times, axis=0), axis=1)
    fastest = first + int(speed[first : last + 1].argmax())
    end = fastest
    while end + 1 < len(times) and end < last + 8 and speed[end] > 0.2 * speed[fastest]:
        end += 1
    return end


def _stiff_hand(wrist: Array, knuckles: Array, right: bool) -> FloatArray:
    """A flat hand (F, 21, 3) of one size with its wrist and the middle of its knuckles towards where they are."""
    posture = np.zeros((1, 13))
    posture[0, 6:] = POSTURES["flat"]
    posture[0, 2] = 1.0
    template = as_landmarks(hand_points(posture, _usual_build()), 1000.0, 0, 0)[0].astype(np.float64)
    if not right:
        template[:, 0] *= -1
    template -= template[0]
    own = template[[5, 9, 13, 17], :2].mean(axis=0)
    reach = knuckles - wrist
    scale = np.percentile(np.linalg.norm(reach, axis=1), 75) / np.linalg.norm(own)
    angle = np.arctan2(reach[:, 1], reach[:, 0]) - np.arctan2(own[1], own[0])
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = template[None, :, 0] * scale, template[None, :, 1] * scale
    points = np.stack(
        [
            x * cos - y * sin,
            x * sin + y * cos,
            np.broadcast_to(template[:, 2] * scale, x.repeat(len(wrist), 0).shape),
        ],
        axis=2,
    )
    points[..., :2] += wrist[:, None]
    return points.astype(np.float32)


def _usual_build() -> Build:
    return replace(Build.drawn(np.random.default_rng(0)), palm=0.09)


def index_tips(
    path: Path, names: dict[int, str], source: str, licence: str, palm: float = 0.20
) -> Iterator[Take]:
    """Runs of windows of the index finger's tip (`point_history.csv`), joined where one window slides into the next.

    Assumed: 30 frames a second, a mirrored 16:9 view, and a hand with a palm of `palm` of the picture's height. Runs
    with a jump (a lost hand was written as 0, 0) are cut there. Half a second of rest is put before and after.
    """
    with path.open(newline="") as lines:
        rows = [[float(cell) for cell in row] for row in csv.reader(lines) if len(row) == 33]
    table = np.array(rows)
    windows = table[:, 1:].reshape(-1, 16, 2)
    start = 0
    for place in range(1, len(windows) + 1):
        joined = place < len(windows) and table[place, 0] == table[place - 1, 0]
        if joined:
            slid = windows[place - 1][1:] - windows[place - 1][1]
            joined = bool(np.abs(slid - windows[place][:-1]).max() < 1e-4)
        if not joined:
            run = windows[start:place]
            yield from _tip_take(run, names[int(table[start, 0])], f"{source}-{start}", source, licence, palm)
            start = place


def _tip_take(run: Array, label: str, session: str, source: str, licence: str, palm: float) -> Iterator[Take]:
    steps = np.concatenate([np.diff(run[0], axis=0), run[1:, -1] - run[1:, -2]])
    if np.abs(steps).max() > 0.15 or len(steps) < 18:
        return
    way = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) * [-_ASPECT * _UNIT, _UNIT]
    rest = 15
    way = np.concatenate([np.repeat(way[:1], rest, axis=0), way, np.repeat(way[-1:], rest, axis=0)])
    times = np.arange(len(way)) / 30.0
    posture = np.zeros((1, 13))
    posture[0, 6:] = POSTURES["point"]
    posture[0, 2] = 1.0
    template = as_landmarks(hand_points(posture, _usual_build()), 1000.0, 0, 0)[0].astype(np.float64)
    template -= template[8]
    template *= palm * _UNIT / np.linalg.norm(template[9, :2] - template[0, :2])
    noise = np.random.default_rng(len(run)).normal(0, 0.006 * palm * _UNIT, (len(way), 21, 3))
    values = template[None] + noise
    values[..., :2] += way[:, None]
    begin, end = times[rest], times[-rest - 1]
    spans: tuple[Span, ...] = ()
    if label.startswith("swipe"):
        end = times[_stroke_end(times, way, rest, len(way) - rest - 1)]
        spans = (Span(label, begin, end, end),)
    elif label == "circle":
        spans = _circles(way[rest:-rest], begin, end)
    elif label != "none":
        spans = (Span(label, begin, end, min(end, begin + 0.8)),)
    yield Take(times, values.astype(np.float32), spans, True, source, session, source, licence)


def _circles(way: Array, begin: float, end: float) -> tuple[Span, ...]:
    """A circle whose direction nobody wrote down: taken from the way itself, ignored where it hardly turns."""
    steps = np.diff(way, axis=0)
    steps = steps[np.linalg.norm(steps, axis=1) > 0.002 * _UNIT]
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = float(np.mod(np.diff(angles) + np.pi, 2 * np.pi).sum() - np.pi * max(0, len(angles) - 1)) / (
        2 * np.pi
    )
    # y points down and x towards the person's left, so a positive turn is one against the clock for the person.
    label = "circle_counterclockwise" if turns > 0 else "circle_clockwise"
    return (
        Span(label if abs(turns) >= 0.8 else "", begin, end, min(end, begin + 0.8), ignore=abs(turns) < 0.8),
    )


def beckoning_signs(path: Path, source: str, licence: str, label: str = "", fps: float = 15.0) -> Take:
    """A recording of 21 MediaPipe points a frame (`raw_*.npy` of `come_away_spin`, `brno_signs`), one hand, mirrored.

    With a `label` all of it is one long span; without, it means nothing.
    """
    rows = np.load(path, allow_pickle=False)
    points = rows[:, :84].reshape(-1, 21, 4)[..., :3] * [-4 / 3 * _UNIT, _UNIT, 4 / 3 * _UNIT]
    times = np.arange(len(points)) / fps
    first, last = points[:, 5, :2] - points[:, 0, :2], points[:, 17, :2] - points[:, 0, :2]
    if label == "circle":
        (one,) = _circles(points[:, 8, :2], 0.0, float(times[-1]))
        label = one.label
    right = float(np.median(first[:, 0] * last[:, 1] - first[:, 1] * last[:, 0])) < 0
    spans = (Span(label, 0.0, float(times[-1]), 1.0, again=True),) if label else ()
    return Take(
        times, points.astype(np.float32), spans, right, source, f"{source}-{path.stem}", source, licence
    )


def nodding_heads(path: Path) -> list[Take]:
    """One man's head (`motion/nodding_pigeon`), who nods, shakes it, and sits: three takes of 800 frames.

    The set has a face detector's six points; yaw and pitch are taken from where the nose is between the eyes, in
    proportions of an ordinary face. Assumed: 30 frames a second and a 4:3 picture. Each label is one long span.
    """
    with np.load(path, allow_pickle=False) as data:
        return [
            _nodding(data[name], label)
            for name, label in (("nodding", "nod"), ("turning", "shake"), ("stationary", ""))
        ]


def _nodding(rows: Array, label: str) -> Take:
    x, y = rows[:, 4:7] * (4 / 3), rows[:, 10:13]
    eyes = np.stack([x[:, :2].mean(axis=1), y[:, :2].mean(axis=1)], axis=1)
    across = float(np.median(np.hypot(x[:, 1] - x[:, 0], y[:, 1] - y[:, 0])))
    aside, below = (x[:, 2] - eyes[:, 0]) / across, (y[:, 2] - eyes[:, 1]) / across
    yaw = np.degrees(np.arcsin(np.clip(aside / 0.55, -1, 1)))
    pitch = -np.degrees(np.arcsin(np.clip((below - np.median(below)) / 0.8, -1, 1)))
    roll = np.degrees(np.arctan2(y[:, 1] - y[:, 0], x[:, 1] - x[:, 0]))
    times = np.arange(len(rows)) / 30.0
    end = float(times[-1])
    return Take(
        times,
        np.stack([yaw, pitch, roll], axis=1).astype(np.float32),
        (Span(label, 0.0, end, 1.0, again=True),) if label else (),
        person="nodding_pigeon",
        session=f"nodding_pigeon-{label or 'still'}",
        source="nodding_pigeon",
        licence="MIT",
    )
