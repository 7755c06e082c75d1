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
from livefg.perception.geometry import box_iou
from livefg.results import Box, Frame, ImageArray
from livefg.sources.images import read_image
from training.files import write_whole

__all__ = ["command"]

_GROUPS = ("2007_007763.jpg", "2008_002470.jpg", "2008_004176.jpg", "2008_007676.jpg", "bald_guys.jpg")
_WIDTHS = (16, 20, 24, 32, 48)
_MOST = 50
_SAME = 0.3
_FRAME = (1080, 1920)
_COLUMNS, _ROWS = 10, 5


@click.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with `faces/` and `groups/`.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("docs/benchmarks/faces_found.json"),
    show_default=True,
)
def command(data: Path, out: Path) -> None:
    """Count the faces that are found in the pictures in DATA."""
    networks = [Network.load(name, "cpu") for name in ("face_detector", "face_mesh")]
    faces = _faces(data / "faces" / "krasserm_lfw10", networks)
    report = {
        "what": "faces found by livefg; live: as in the first frame of a film, still: as in a picture by itself",
        "command": "python -m training.faces_found --data DIR",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "groups": list(_groups(data / "groups" / "dlib_faces", networks)),
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
    """Each group photograph: the faces that its makers marked, how many of them are found, and how many in all."""
    marked: dict[str, list[Box]] = {}
    for listing in ("training.xml", "testing.xml"):
        for image in ET.parse(folder / listing).getroot().iter("image"):  # noqa: S314 - a file of the data set
            marked[image.attrib["file"]] = [_box(box) for box in image.iter("box")]
    for name in _GROUPS:
        picture, boxes = read_image(folder / name), marked.get(name, [])
        row: dict[str, Any] = {"picture": name, "marked": len(boxes)}
        for way in ("live", "still"):
            seen = _look(picture, networks, thorough=way == "still")
            row[way] = len(seen)
            row[f"{way}_of_marked"] = sum(any(box_iou(box, other) > _SAME for other in seen) for box in boxes)
        yield row


def _box(node: ET.Element) -> Box:
    left, top, width, height = (float(node.attrib[name]) for name in ("left", "top", "width", "height"))
    return (left, top, left + width, top + height)


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
