"""Faces to numbers that tell people apart: alignment by five points, the embedding network, how good a view is."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livefg.inference.manifest import Manifest
from livefg.perception.detection import NetworkCall
from livefg.results import FloatArray, ImageArray

__all__ = [
    "EMBEDDING_SIZE",
    "NETWORK",
    "FaceEmbedder",
    "View",
    "ViewMeasures",
    "align",
    "embedding_space",
    "measure",
]

EMBEDDING_SIZE = 128
NETWORK = "face_embedder"
_ALIGNMENT = 1  # raised when faces are aligned otherwise, which moves embeddings
_SIDE = 112
# The common five-point template of ArcFace (Deng et al., 2019), for which SFace was trained.
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
_TEMPLATE_CENTRE = _TEMPLATE.mean(axis=0)
_TEMPLATE_EYES = 35.2  # their distance in pixels
_SHRINK_FIRST = (
    0.25  # below this scale, interpolating between single pixels would see noise instead of a face
)
_FACE = (slice(24, 104), slice(16, 96))  # rows and columns of the template that show skin, not background


class ViewMeasures(NamedTuple):
    """What makes a view of a face good or bad.

    `eye_distance` is in pixels of the picture; `sharpness` is the share of the finest detail in the aligned face's
    contrast, as log10 (about -1.3 for a sharp face, -2.3 for a blurred one); `misfit` is how far the points lie from
    where a face seen from the front has them, in eye distances (0.1 is usual, 0.25 a face turned away or points put
    wrongly); `contrast` is the standard deviation of the aligned face's grey values; `confidence` is the face's
    own, 0..1.
    """

    eye_distance: float
    sharpness: float
    misfit: float
    contrast: float
    confidence: float

    @property
    def losses(self) -> dict[str, float]:
        """How much quality is lost by what, from 0 on, by the word for it."""
        return {
            "small": _LOSS_SMALL * max(0.0, math.log2(_EYES / max(self.eye_distance, 1.0))),
            "blurred": _LOSS_BLURRED * max(0.0, _SHARP - self.sharpness),
            "turned away": _LOSS_TURNED * max(0.0, self.misfit - _FITTING),
            "dark": _LOSS_DARK * max(0.0, math.log2(_CONTRAST / max(self.contrast, 1.0))),
            "doubtful": _LOSS_DOUBTFUL * max(0.0, _CONFIDENT - self.confidence),
        }

    @property
    def quality(self) -> float:
        """How much the view tells about who it is, 0..1: 1 less the losses."""
        return max(0.0, 1.0 - sum(self.losses.values()))


# Quality follows the cosine that a view has with good pictures of the same person: 1 at the 0.78 of good views, 0 at
# the 0.3 that others reach too. The losses are a linear fit to that over good and bad pictures; see docs/identity.md.
_EYES, _LOSS_SMALL = 20.0, 0.1
_SHARP, _LOSS_BLURRED = -1.6, 0.5
_FITTING, _LOSS_TURNED = 0.12, 1.1
_CONTRAST, _LOSS_DARK = 18.0, 0.13
_CONFIDENT, _LOSS_DOUBTFUL = 0.98, 2.4


class View(NamedTuple):
    """One look at a face: its `embedding` (128,) float32 of length 1, and its `measures`."""

    embedding: FloatArray
    measures: ViewMeasures

    @property
    def quality(self) -> float:
        """How much the view tells about who it is, 0..1."""
        return self.measures.quality


class FaceEmbedder:
    """Turns a face in a picture into a view. It may be called from several threads."""

    def __init__(self, network: NetworkCall) -> None:
        """`network` takes aligned faces (n, 112, 112, 3) RGB uint8 and gives embeddings (n, 128) of length 1."""
        self._network = network

    def __call__(
        self, image: ImageArray, points: FloatArray, confidence: float, least_quality: float = 0.0
    ) -> View | None:
        """A view of the face in `image` (height, width, 3) RGB uint8 whose alignment points (5, 2) are given.

        None if the view's quality is below `least_quality`; the network is not run then.
        """
        aligned = align(image, points)
        measures = measure(aligned, points, confidence)
        if measures.quality < least_quality:
            return None
        return View(np.asarray(self._network(aligned[None])[0][0], np.float32), measures)


def embedding_space() -> str:
    """Names the network and alignment that embeddings come from: those of two spaces cannot be compared.

    Raises LivefgError if the list of shipped networks cannot be read.
    """
    return f"{Manifest.load().entry(NETWORK).source_sha256[:16]}-{_ALIGNMENT}"


def _to_template(points: FloatArray) -> npt.NDArray[np.float64]:
    """The turn, scale and shift (2, 3) that bring five points (5, 2) closest to the template (Umeyama, 1991)."""
    centre = points.mean(axis=0, dtype=np.float64)
    ours, theirs = points - centre, _TEMPLATE - _TEMPLATE_CENTRE
    spread = max(float((ours**2).sum()), 1e-9)
    along = float((ours * theirs).sum()) / spread
    across = float((ours[:, 0] * theirs[:, 1] - ours[:, 1] * theirs[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, _TEMPLATE_CENTRE - turn @ centre])


def align(image: ImageArray, points: FloatArray) -> ImageArray:
    """The face with these points (5, 2), upright in the embedder's template: (112, 112, 3) RGB uint8."""
    transform = _to_template(points)
    scale = math.hypot(transform[0, 0], transform[1, 0])
    if scale < _SHRINK_FIRST:
        image, points = _shrunk(image, points, transform, 2 * scale)
        transform = _to_template(points)
    aligned = cv2.warpAffine(
        image, transform, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(aligned, np.uint8)


def _shrunk(
    image: ImageArray, points: FloatArray, transform: npt.NDArray[np.float64], scale: float
) -> tuple[ImageArray, FloatArray]:
    """The part of the picture that the template shows, scaled down by averaging, and the points in it."""
    back = cv2.invertAffineTransform(transform)
    corners = np.array([[0, 0], [_SIDE, 0], [0, _SIDE], [_SIDE, _SIDE]]) @ back[:, :2].T + back[:, 2]
    height, width = image.shape[:2]
    left, top = (max(0, math.floor(value)) for value in corners.min(axis=0))
    right, bottom = (
        min(size, math.ceil(value)) for size, value in zip((width, height), corners.max(axis=0), strict=True)
    )
    if right - left < 2 or bottom - top < 2:
        return image, points
    part = image[top:bottom, left:right]
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    factors = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], np.float32)
    moved = (points - np.array([left, top], np.float32) + 0.5) * factors - 0.5
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8), moved


def measure(aligned: ImageArray, points: FloatArray, confidence: float) -> ViewMeasures:
    """How good a view is, from the aligned face (112, 112, 3), its points (5, 2) in the picture, and its confidence."""
    transform = _to_template(points)
    distances = points @ transform[:, :2].T + transform[:, 2] - _TEMPLATE
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)[_FACE].astype(np.float32)
    variance = float(grey.var())
    detail = float(np.square(grey - cv2.GaussianBlur(grey, (0, 0), 1.5)).mean())
    return ViewMeasures(
        eye_distance=float(np.hypot(*(points[1] - points[0]))),
        sharpness=math.log10(detail / (variance + 25.0) + 1e-4),
        misfit=math.sqrt(float(np.square(distances).sum(axis=1).mean())) / _TEMPLATE_EYES,
        contrast=math.sqrt(variance),
        confidence=confidence,
    )
