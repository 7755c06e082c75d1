"""Triangle meshes: reading the rigged hand from a binary glTF file, subdividing, tubes."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError

__all__ = [
    "FloatArray",
    "IntArray",
    "SkinnedMesh",
    "loop_subdivide",
    "read_skinned_mesh",
    "tube",
    "unit",
    "vertex_normals",
]

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]

_COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True, slots=True, eq=False)
class SkinnedMesh:
    """A mesh bound to joints.

    `vertices` (v, 3) metres, `faces` (f, 3) indices, `weights` (v, j) sum to 1, `joints` the j joints' names and
    `bind` (j, 4, 4) their frames in the rest pose.
    """

    vertices: FloatArray
    faces: IntArray
    weights: FloatArray
    joints: tuple[str, ...]
    bind: FloatArray


def read_skinned_mesh(path: Path) -> SkinnedMesh:
    """The first mesh of a binary glTF file with its skin; vertices that coincide are one.

    Raises LivefgError if the file is missing or is no binary glTF.
    """
    try:
        raw = path.read_bytes()
        if raw[:4] != b"glTF":
            raise ValueError("it does not begin with glTF")
        length = struct.unpack_from("<I", raw, 12)[0]
        document = json.loads(raw[20 : 20 + length])
        return _skinned_mesh(document, raw[28 + length :])
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise LivefgError(f"The hand mesh {path} cannot be read: {error}.") from error


def _skinned_mesh(document: dict[str, Any], blob: bytes) -> SkinnedMesh:
    def values(index: int) -> npt.NDArray[Any]:
        accessor = document["accessors"][index]
        view = document["bufferViews"][accessor["bufferView"]]
        offset = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        width = _WIDTHS[accessor["type"]]
        kind = _COMPONENTS[accessor["componentType"]]
        return np.frombuffer(blob, kind, accessor["count"] * width, offset).reshape(-1, width)

    primitive, skin = document["meshes"][0]["primitives"][0], document["skins"][0]
    attributes = primitive["attributes"]
    positions = values(attributes["POSITION"])
    weights = np.zeros((len(positions), len(skin["joints"])))
    rows = np.arange(len(positions))[:, None]
    np.add.at(weights, (rows, values(attributes["JOINTS_0"]).astype(int)), values(attributes["WEIGHTS_0"]))
    _, first, merged = np.unique(np.round(positions, 6), axis=0, return_index=True, return_inverse=True)
    # glTF matrices are stored column by column.
    inverse_bind = values(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    return SkinnedMesh(
        vertices=positions[first].astype(np.float64),
        faces=merged.reshape(-1)[values(primitive["indices"]).reshape(-1, 3).astype(np.int64)],
        weights=weights[first],
        joints=tuple(document["nodes"][node]["name"] for node in skin["joints"]),
        bind=np.linalg.inv(inverse_bind),
    )


def loop_subdivide(attributes: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """One step of Loop's subdivision of a closed mesh (Loop 1987): four faces for each.

    `attributes` (v, k) are anything that blends linearly: positions, weights.
    """
    corners = len(attributes)
    directed = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    opposite = faces[:, [2, 0, 1]].reshape(-1)
    edges, edge_of = np.unique(directed, axis=0, return_inverse=True)
    edge_of = edge_of.reshape(-1)
    across = np.zeros((len(edges), attributes.shape[1]))
    np.add.at(across, edge_of, attributes[opposite])
    middle = 0.375 * (attributes[edges[:, 0]] + attributes[edges[:, 1]]) + 0.125 * across
    valence = np.bincount(edges.reshape(-1), minlength=corners)[:, None].astype(np.float64)
    neighbours = np.zeros_like(attributes)
    np.add.at(neighbours, edges[:, 0], attributes[edges[:, 1]])
    np.add.at(neighbours, edges[:, 1], attributes[edges[:, 0]])
    beta = (0.625 - (0.375 + 0.25 * np.cos(2 * np.pi / valence)) ** 2) / valence
    moved = attributes * (1 - valence * beta) + neighbours * beta
    a, b, c = faces.T
    ab, bc, ca = edge_of.reshape(-1, 3).T + corners
    finer = [np.stack(part, axis=1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.concatenate([moved, middle]), np.concatenate(finer)


def tube(rings: int, sides: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """A closed tube of `rings` rings: angle (v,) of each vertex, its ring's place 0..1 (v,), and faces (f, 3).

    With x = cos(angle), z = sin(angle) and y growing with the place, the faces are seen from outside.
    """
    angle = np.tile(np.linspace(0, 2 * np.pi, sides, endpoint=False), rings)
    place = np.repeat(np.linspace(0, 1, rings), sides)
    here = np.arange(sides)
    following = (here + 1) % sides
    faces = []
    for ring in range(rings - 1):
        low, high = ring * sides, (ring + 1) * sides
        faces += [
            np.stack([here + low, here + high, following + low], axis=1),
            np.stack([following + low, here + high, following + high], axis=1),
        ]
    fan = np.stack([np.zeros(sides - 2, int), np.arange(1, sides - 1), np.arange(2, sides)], axis=1)
    faces += [fan, fan[:, ::-1] + (rings - 1) * sides]
    return angle, place, np.concatenate(faces)


def vertex_normals(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """Unit normals (v, 3), the mean over the faces around each vertex weighted by their areas."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    (x0, y0, z0), (x1, y1, z1) = (b - a).T, (c - a).T
    across = (y0 * z1 - z0 * y1, z0 * x1 - x0 * z1, x0 * y1 - y0 * x1)
    corners = faces.T.reshape(-1)
    sums = [np.bincount(corners, np.tile(part, 3), len(vertices)).astype(np.float64) for part in across]
    return unit(np.stack(sums, axis=1))


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors (n, 3) brought to length one; a zero vector stays zero."""
    return np.asarray(vectors / (np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None] + 1e-12))
