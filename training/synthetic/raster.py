"""A small software rasteriser: which triangle is seen at each pixel, and where in it."""

from __future__ import annotations

import cv2
import numpy as np

from training.synthetic.mesh import FloatArray, IntArray

__all__ = ["Fragments", "rasterise", "visible_faces"]

_FRACTION_BITS = 4


class Fragments:
    """A picture's covered pixels: `rows`, `columns` (n,), `faces` (n,) indices, `weights` (n, 3) of their corners."""

    __slots__ = ("columns", "faces", "rows", "weights")

    def __init__(self, shown: IntArray, points: FloatArray, faces: IntArray) -> None:
        self.rows, self.columns = np.nonzero(shown)
        self.faces = shown[self.rows, self.columns].astype(np.int64) - 1
        corners = points[faces[self.faces]].astype(np.float32)
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        x, y = self.columns.astype(np.float32), self.rows.astype(np.float32)
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        second = (x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])
        third = (b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])
        # Pixels on a triangle's edge may lie just outside it: hold their weights within the triangle.
        weights = np.stack([area - second - third, second, third], axis=1) / area[:, None]
        np.clip(weights, 0, 1, out=weights)
        self.weights = weights / weights.sum(axis=1, keepdims=True)

    def blend(self, values: FloatArray, faces: IntArray) -> FloatArray:
        """A vertex attribute (v, k) at each fragment, (n, k) float32."""
        at_corners = values.astype(np.float32)[faces[self.faces]]
        return np.asarray(np.einsum("pc,pck->pk", self.weights, at_corners))


def visible_faces(
    points: FloatArray,
    depth: FloatArray,
    faces: IntArray,
    width: int,
    height: int,
    least_depth: float = -np.inf,
) -> IntArray:
    """Which face is seen at each pixel: (height, width) int32, the face's index + 1, or 0 for none.

    `points` (v, 2) are in pixels, x to the right and y down; `depth` (v,) grows away from the viewer. Faces turn
    their front to the viewer if they run counterclockwise in a picture whose y axis points up. They are painted from
    far to near by their middle's depth, which is exact enough for faces much smaller than what they show. Faces
    nearer than `least_depth`, or farther outside than the picture is large, are left out.
    """
    corners = points[faces].astype(np.float32)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    x, y = corners[:, 0, 0], corners[:, 0, 1]
    near = (np.abs(2 * x - width) < 2 * width) & (np.abs(2 * y - height) < 2 * height)
    front = np.flatnonzero((area < -1e-6) & near & (depth[faces[:, 0]] > least_depth))
    a, b, c = depth[faces[front]].T
    order = front[np.argsort(-(a + b + c), kind="stable")]
    fixed = np.round(corners[order] * (1 << _FRACTION_BITS)).astype(np.int32)
    picture = np.zeros((height, width), np.int32)
    for triangle, face in zip(fixed, order.tolist(), strict=True):
        cv2.fillConvexPoly(picture, triangle, face + 1, cv2.LINE_8, _FRACTION_BITS)
    return picture


def rasterise(
    points: FloatArray, depth: FloatArray, faces: IntArray, width: int, height: int, least_depth: float
) -> Fragments:
    """The fragments of a mesh; arguments as for `visible_faces`, pixel centres at whole numbers."""
    return Fragments(visible_faces(points, depth, faces, width, height, least_depth), points, faces)
