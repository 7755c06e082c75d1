"""The detectors that look at a whole picture: palms (MediaPipe's SSD) and faces (YuNet)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from livefg.perception.geometry import box_iou
from livefg.results import Box, FloatArray, ImageArray

__all__ = ["Detection", "FaceDetector", "NetworkCall", "PalmDetector", "without_repeats"]

_NMS_IOU = 0.3
_MOST_AHEAD = 3
"""Batches of pictures that were looked at ahead and not yet called for."""


class NetworkCall(Protocol):
    """A network: arrays in, in the order of the graph's inputs; arrays out, in the order of its outputs."""

    def __call__(self, *inputs: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
        """Run the network."""
        ...


class Detection(NamedTuple):
    """Something found: `score` 0..1, `box` (left, top, right, bottom) and `points` (n, 2), all in pixels."""

    score: float
    box: FloatArray
    points: FloatArray


class PalmDetector:
    """Finds palms with MediaPipe's single-shot detector: boxes and seven points, weighted non-maximum suppression."""

    _SIZE = 192
    _STRIDES = ((8, 2), (16, 6))

    def __init__(self, network: NetworkCall, threshold: float = 0.5) -> None:
        self._network = network
        self._least_logit = math.log(threshold / (1 - threshold))
        centres = []
        for stride, boxes_a_cell in self._STRIDES:
            centres.append(
                np.repeat(_cell_indices(self._SIZE // stride, self._SIZE // stride), boxes_a_cell, axis=0)
            )
            centres[-1] = (centres[-1] + 0.5) * stride
        self._anchors = np.concatenate(centres).astype(np.float32)
        self._ahead: dict[int, tuple[ImageArray, list[npt.NDArray[np.generic]]]] = {}

    def look_ahead(self, images: Sequence[ImageArray]) -> None:
        """Run the network on whole pictures in one batch, for the calls with these very pictures that will follow.

        What is called for before this has ended is run by itself. Of what is never called for, little is kept.
        """
        pictures = [self._fitted(image, None)[0] for image in images]
        outputs = self._network(np.stack(pictures))[:2]
        for place, image in enumerate(images):
            self._ahead[id(image)] = (image, [output[place : place + 1] for output in outputs])
        for old in list(self._ahead)[: -_MOST_AHEAD * len(images)]:
            self._ahead.pop(old, None)

    def __call__(self, image: ImageArray, most: int, view: Box | None = None) -> list[Detection]:
        """The `most` palms with the highest scores, best first.

        `view` is the part of the picture to look at (left, top, right, bottom in pixels; it may reach beyond the
        picture, whose edges are then repeated). Without it the whole picture is looked at as MediaPipe does, with
        black beyond it.
        """
        picture, scale, offset = self._fitted(image, view)
        known = None if view else self._ahead.pop(id(image), None)
        outputs = known[1] if known else self._network(picture[None])[:2]
        regression, logits = (np.asarray(output[0], np.float32) for output in outputs)
        chosen = np.flatnonzero(logits.reshape(-1) > self._least_logit)
        if not chosen.size:
            return []
        scores = (1 / (1 + np.exp(-np.clip(logits.reshape(-1)[chosen], -100, 100)))).astype(np.float32)
        values = regression[chosen].reshape(len(chosen), -1, 2)
        anchors = self._anchors[chosen]
        centre, extent = values[:, 0] + anchors, values[:, 1]
        corners = np.concatenate(
            [
                (centre - extent / 2)[:, None],
                (centre + extent / 2)[:, None],
                values[:, 2:] + anchors[:, None],
            ],
            axis=1,
        )
        return [
            Detection(score, points[:2].reshape(4), points[2:])
            for score, points in (
                (score, (points - offset) / np.float32(scale))
                for score, points in _weighted_nms(scores, corners, most)
            )
        ]

    def _fitted(self, image: ImageArray, view: Box | None) -> tuple[ImageArray, float, FloatArray]:
        """What the network gets to see of a picture, with the scale and the offset (2,) that were applied."""
        height, width = image.shape[:2]
        left, top, right, bottom = view or (0.0, 0.0, width, height)
        scale = self._SIZE / max(right - left, bottom - top)
        offset = np.array(
            [(self._SIZE - (left + right) * scale) / 2, (self._SIZE - (top + bottom) * scale) / 2], np.float32
        )
        transform = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float64)
        border = cv2.BORDER_REPLICATE if view else cv2.BORDER_CONSTANT
        size = (self._SIZE, self._SIZE)
        picture = cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(picture, np.uint8), scale, offset


class FaceDetector:
    """Finds faces with YuNet (Wu, Peng and Yu, 2023): boxes and five points, at a working size of one's choice.

    YuNet sees faces from about 10 to 300 pixels, so `longest_side` decides how small and how large a face may be.
    """

    _STRIDES = (8, 16, 32)
    _MULTIPLE = 32
    _LEAST_SIDE = 128  # pixels
    _TURNS = (45.0, -45.0)  # degrees
    _UPRIGHT_BONUS = 0.03  # in a turned picture upright faces are found too, less exactly
    _TURNED_THRESHOLD = 0.8  # real faces reach 0.85; sleeves and hands 0.65

    def __init__(self, network: NetworkCall, threshold: float = 0.6) -> None:
        self._network = network
        self._threshold = threshold
        self._grids: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}

    def __call__(self, image: ImageArray, most: int, longest_side: int) -> list[Detection]:
        """The `most` faces with the highest scores, best first, looked for with the picture's side at most so long."""
        height, width = image.shape[:2]
        scale = min(1.0, longest_side / max(height, width))
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        outer = tuple(-(-side // self._MULTIPLE) * self._MULTIPLE for side in inner)
        picture = np.zeros((outer[1], outer[0], 3), np.uint8)
        cv2.resize(image, inner, dst=picture[: inner[1], : inner[0]], interpolation=cv2.INTER_AREA)
        scores, boxes, points = (
            np.asarray(output[0], np.float32) for output in self._network(picture[None])[:3]
        )
        chosen = np.flatnonzero(scores.reshape(-1) > self._threshold)
        if not chosen.size:
            return []
        cells, strides = self._grid(outer[0], outer[1])
        cells, strides = cells[chosen], strides[chosen]
        centre = (cells + boxes[chosen, :2]) * strides
        extent = np.exp(boxes[chosen, 2:]) * strides
        landmarks = (cells[:, None] + points[chosen].reshape(-1, 5, 2)) * strides[:, None]
        back = np.array([width / inner[0], height / inner[1]], np.float32)
        corners = np.concatenate([centre - extent / 2, centre + extent / 2], axis=1) * np.tile(back, 2)
        kept = _nms(scores.reshape(-1)[chosen], corners, most)
        return [
            Detection(float(scores.reshape(-1)[chosen[place]]), corners[place], landmarks[place] * back)
            for place in kept
        ]

    def in_any_pose(self, image: ImageArray, most: int, longest_side: int) -> list[Detection]:
        """The same, and faces on heads that are tilted by up to 75 degrees; takes five times as long.

        YuNet was trained on upright faces: beyond 30 degrees it misses some and puts the points of others wrongly. So
        it looks at the picture upright and turned to either side, and of what it finds twice the surer one stays.
        Pictures no larger than a thumbnail are enlarged first: a face that fills one is not found otherwise.
        """
        factor = math.ceil(self._LEAST_SIDE / max(image.shape[:2]))
        if factor > 1:
            image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor), np.uint8)
            larger = self.in_any_pose(image, most, longest_side)
            return [Detection(face.score, face.box / factor, face.points / factor) for face in larger]
        found = self(image, most, longest_side)
        scores = [face.score + self._UPRIGHT_BONUS for face in found]
        for degrees in self._TURNS:
            turned = self._turned(image, most, longest_side, degrees)
            found += turned
            scores += [face.score for face in turned]
        return without_repeats(found, most, scores)

    def _turned(self, image: ImageArray, most: int, longest_side: int, degrees: float) -> list[Detection]:
        """What is found in the picture turned anticlockwise; boxes keep their size around their centre."""
        height, width = image.shape[:2]
        scale = min(1.0, longest_side / max(height, width))
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
        along, across = abs(turn[0, 0]), abs(turn[0, 1])
        size = (math.ceil(width * along + height * across), math.ceil(width * across + height * along))
        turn[:, 2] += [(size[0] - width) / 2, (size[1] - height) / 2]
        back = cv2.invertAffineTransform(turn).astype(np.float32)
        picture = np.asarray(cv2.warpAffine(image, turn, size, flags=cv2.INTER_AREA), np.uint8)
        found = []
        for face in self(picture, most, max(size)):
            if face.score < self._TURNED_THRESHOLD:
                continue
            middle = back[:, :2] @ ((face.box[:2] + face.box[2:]) / 2) + back[:, 2]
            half = (face.box[2:] - face.box[:2]) / np.float32(2 * scale)
            box = np.concatenate([middle - half, middle + half])
            found.append(Detection(face.score, box, face.points @ back[:, :2].T + back[:, 2]))
        return found

    def _grid(self, width: int, height: int) -> tuple[FloatArray, FloatArray]:
        """Cell indices (A, 2) and strides (A, 1) of all anchors for a picture of this size."""
        if (width, height) not in self._grids:
            cells = [_cell_indices(width // stride, height // stride) for stride in self._STRIDES]
            strides = [
                np.full((len(part), 1), stride, np.float32)
                for part, stride in zip(cells, self._STRIDES, strict=True)
            ]
            self._grids[width, height] = (np.concatenate(cells).astype(np.float32), np.concatenate(strides))
        return self._grids[width, height]


def without_repeats(
    found: Sequence[Detection], most: int, scores: Sequence[float] | None = None
) -> list[Detection]:
    """Of what was found more than once, by several looks at a picture, the one with the highest score, best first.

    `scores` are taken in the place of the detections' own.
    """
    if not found:
        return []
    ranks = np.array(scores if scores is not None else [face.score for face in found], np.float32)
    return [found[place] for place in _nms(ranks, np.stack([face.box for face in found]), most)]


def _cell_indices(columns: int, rows: int) -> FloatArray:
    """(rows * columns, 2): x and y index of each cell, row after row."""
    y, x = np.mgrid[0:rows, 0:columns]
    return np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32)


def _overlaps(boxes: FloatArray, first: int, others: npt.NDArray[np.intp]) -> FloatArray:
    """IoU of one box with some others; boxes are (n, 4)."""
    one, rest = boxes[first], boxes[others]
    width = np.clip(np.minimum(one[2], rest[:, 2]) - np.maximum(one[0], rest[:, 0]), 0, None)
    height = np.clip(np.minimum(one[3], rest[:, 3]) - np.maximum(one[1], rest[:, 1]), 0, None)
    areas = (rest[:, 2] - rest[:, 0]) * (rest[:, 3] - rest[:, 1])
    shared = width * height
    union = (one[2] - one[0]) * (one[3] - one[1]) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def _nms(scores: FloatArray, boxes: FloatArray, most: int) -> list[int]:
    """Greedy non-maximum suppression: indices to keep, best first."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size and len(kept) < most:
        kept.append(int(order[0]))
        order = order[1:][_overlaps(boxes, kept[-1], order[1:]) <= _NMS_IOU]
    return kept


def _weighted_nms(scores: FloatArray, shapes: FloatArray, most: int) -> list[tuple[float, FloatArray]]:
    """Non-maximum suppression that averages what it merges, weighted by score; shapes (n, k, 2), corners first."""
    # Of a handful of boxes, plain Python finds the overlaps in a fifth of the time.
    boxes: list[Box] = [(*first, *second) for first, second in shapes[:, :2].tolist()]
    order = np.argsort(-scores, kind="stable").tolist()
    kept: list[tuple[float, FloatArray]] = []
    while order and len(kept) < most:
        best, *others = order
        merged = [best, *(other for other in others if box_iou(boxes[best], boxes[other]) > _NMS_IOU)]
        order = [other for other in others if other not in merged]
        weights = scores[merged][:, None, None]
        kept.append((float(scores[best]), (shapes[merged] * weights).sum(axis=0) / weights.sum()))
    return kept
