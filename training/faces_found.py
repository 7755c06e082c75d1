"""How many faces are found: in group photographs, and small ones in large frames.

    python -m training.faces_found --data ../shared/data

Prints the figures and writes them to `docs/benchmarks/faces_found.json`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import cv2
import numpy as np

from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.results import Box, Frame, ImageArray
from livefg.sources.images import read_image
from training.files import write_whole
from training.options import data_option, out_option

__all__ = ["command"]

_GROUPS: dict[str, tuple[tuple[int, int], ...]] = {
    "vladmandic_groups/group-1.jpg": (
        *((165, 470), (364, 494), (488, 515), (552, 450), (618, 405), (669, 521), (849, 442), (855, 540)),
        *((1040, 361), (1064, 536), (1185, 555), (1191, 411), (1290, 498), (1410, 512), (1486, 607)),
    ),
    "vladmandic_groups/group-2.jpg": ((296, 280), (514, 165), (704, 287)),
    "vladmandic_groups/group-3.jpg": ((356, 624), (759, 483), (1273, 448), (1590, 413)),
    "vladmandic_groups/group-4.jpg": (
        *((371, 721), (629, 545), (764, 294), (943, 628), (1295, 594), (1590, 638)),
    ),
    "dlib_faces/bald_guys.jpg": (
        *((122, 1054), (142, 451), (147, 149), (147, 769), (154, 1376), (388, 294), (390, 517), (394, 100)),
        *((456, 1328), (496, 911), (636, 186), (648, 509), (848, 1317), (857, 894), (956, 173), (958, 477)),
        *((1149, 838), (1165, 1384), (1186, 1136), (1513, 1396), (1596, 240), (1696, 750), (1866, 1391)),
        (1881, 486),
    ),
}
"""Group photographs, and the middles of the faces that one can see on them: those in the background too, one half
hidden (group-1), and the dark profile of a man who looks away (group-4).
"""
_MARKED = ("2007_007763.jpg", "2008_002470.jpg", "2008_004176.jpg", "2008_007676.jpg")
_DLIB = "dlib_faces"
_WIDTHS = (16, 20, 24, 32, 48)
_MOST = 50
_FRAME = (1080, 1920)
_COLUMNS, _ROWS = 10, 5


@click.command()
@data_option("Folder with `faces/` and `groups/`.")
@out_option("docs/benchmarks/faces_found.json")
def command(data: Path, out: Path) -> None:
    """Count the faces that are found in the pictures in DATA."""
    networks = [Network.load(name, "cpu") for name in ("face_detector", "face_mesh")]
    faces = _faces(data / "faces" / "krasserm_lfw10", networks)
    report = {
        "what": "faces found by livefg; live: as in the first frame of a film, still: as in a picture by itself",
        "command": "python -m training.faces_found --data DIR",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "groups": list(_groups(data / "groups", networks)),
        "small": [_small(faces, width, networks) for width in _WIDTHS],
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(json.dumps(report, indent=1))


def _look(image: ImageArray, networks: Sequence[Network], *, thorough: bool) -> list[Box]:
    tracker = FaceTracker(
        FaceDetector(networks[0]), networks[1], None, most=_MOST, smooth=False, thorough=thorough
    )
    return [face.box for face in tracker.update(Frame(image, 0, 0.0, "picture"))]


def _groups(folder: Path, networks: Sequence[Network]) -> Iterator[dict[str, Any]]:
    """Each group photograph: the faces that one can see, how many of them are found, and what is found besides."""
    middles = dict(_GROUPS)
    for listing in ("training.xml", "testing.xml"):
        for image in ET.parse(folder / _DLIB / listing).getroot().iter("image"):  # noqa: S314 - a file of the data set
            if image.attrib["file"] in _MARKED:
                middles[f"{_DLIB}/{image.attrib['file']}"] = tuple(_middle(box) for box in image.iter("box"))
    for name, visible in middles.items():
        picture = read_image(folder / name)
        row: dict[str, Any] = {"picture": name, "visible": len(visible)}
        for way in ("live", "still"):
            seen = _look(picture, networks, thorough=way == "still")
            row[way] = sum(any(_holds(box, point) for box in seen) for point in visible)
            row[f"{way}_besides"] = len(seen) - row[way]
        yield row


def _middle(node: ET.Element) -> tuple[int, int]:
    """Of a box that dlib's makers marked."""
    left, top, width, height = (int(node.attrib[name]) for name in ("left", "top", "width", "height"))
    return left + width // 2, top + height // 2


def _holds(box: Box, point: tuple[int, int]) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def _faces(folder: Path, networks: Sequence[Network]) -> list[tuple[ImageArray, float]]:
    """Portraits with a little background, each with the width of its face in pixels."""
    found = []
    for path in sorted(folder.glob("*/*.jpg")):
        image = read_image(path)
        middle = image.shape[1] / 2
        boxes = _look(image, networks, thorough=False)
        box = min(boxes, key=lambda box: abs((box[0] + box[2]) / 2 - middle), default=None)
        if box is not None:
            found.append((image, box[2] - box[0]))
    return found


def _small(
    faces: Sequence[tuple[ImageArray, float]], width: int, networks: Sequence[Network]
) -> dict[str, Any]:
    """Portraits shrunk to faces of one width, fifty in a frame of 1920 x 1080 pixels."""
    row: dict[str, Any] = {"width": width, "faces": 0, "live": 0, "still": 0}
    for begin in range(0, len(faces), _COLUMNS * _ROWS):
        frame = np.full((*_FRAME, 3), 120, np.uint8)
        centres = []
        for place, (image, own) in enumerate(faces[begin : begin + _COLUMNS * _ROWS]):
            side = round(image.shape[0] * width / own)
            x, y = place % _COLUMNS * 190 + 20, place // _COLUMNS * 210 + 20
            frame[y : y + side, x : x + side] = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
            centres.append((x + side / 2, y + side / 2))
        row["faces"] += len(centres)
        for way in ("live", "still"):
            seen = _look(frame, networks, thorough=way == "still")
            row[way] += sum(
                any(
                    abs((box[0] + box[2]) / 2 - x) < width and abs((box[1] + box[3]) / 2 - y) < width
                    for box in seen
                )
                for x, y in centres
            )
    return row


if __name__ == "__main__":
    command()
