"""What life does to pictures: small, blurred, dark, turned, partly covered faces."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from livefg.results import Box, ImageArray

__all__ = ["CONDITIONS", "Condition"]

Condition = Callable[[ImageArray, Box], ImageArray]
"""Takes a picture and the box of its face, gives the picture as it would be."""


def _small(width: float) -> Condition:
    def shrink(image: ImageArray, face: Box) -> ImageArray:
        scale = min(1.0, width / (face[2] - face[0]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

    return shrink


def _blurred(part: float) -> Condition:
    def blur(image: ImageArray, face: Box) -> ImageArray:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), part * (face[2] - face[0])), np.uint8)

    return blur


def _moved(part: float) -> Condition:
    def smear(image: ImageArray, face: Box) -> ImageArray:
        length = max(3, round(part * (face[2] - face[0])))
        return np.asarray(cv2.blur(image, (length, 1)), np.uint8)

    return smear


def _dark(light: float) -> Condition:
    def darken(image: ImageArray, _: Box) -> ImageArray:
        noise = np.random.default_rng(0).normal(0, 3, image.shape)
        return np.clip(np.round(image * light + noise), 0, 255).astype(np.uint8)

    return darken


def _rotated(degrees: float) -> Condition:
    def rotate(image: ImageArray, face: Box) -> ImageArray:
        centre = ((face[0] + face[2]) / 2, (face[1] + face[3]) / 2)
        size = (image.shape[1], image.shape[0])
        return np.asarray(
            cv2.warpAffine(
                image,
                cv2.getRotationMatrix2D(centre, degrees, 1.0),
                size,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    return rotate


def _covered(begin: float, end: float) -> Condition:
    def cover(image: ImageArray, face: Box) -> ImageArray:
        covered = image.copy()
        left, top, right, bottom = face
        height = bottom - top
        rows = slice(max(0, round(top + begin * height)), max(0, round(top + end * height)))
        covered[rows, max(0, round(left)) : max(0, round(right))] = (110, 120, 130)
        return covered

    return cover


CONDITIONS: dict[str, Condition] = {
    "as it is": lambda image, _: image,
    "48 px wide": _small(48),
    "32 px wide": _small(32),
    "24 px wide": _small(24),
    "16 px wide": _small(16),
    "blurred": _blurred(0.03),
    "very blurred": _blurred(0.05),
    "moved": _moved(0.12),
    "dark": _dark(0.2),
    "very dark": _dark(0.08),
    "turned 45 left": _rotated(45),
    "turned 45 right": _rotated(-45),
    "lower third covered": _covered(2 / 3, 1.0),
    "upper third covered": _covered(0.0, 1 / 3),
}
"""By name. Widths are those of the face's box; blur is a Gaussian of 3 or 5 % and movement a smear of 12 % of it;
dark is a fifth or a twelfth of the light with the noise of a sensor."""
