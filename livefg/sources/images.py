"""Still pictures: one, or a folder of them, each upright and judged by itself."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from livefg.errors import LivefgError
from livefg.results import ImageArray
from livefg.sources.base import Notice, Picture, Recorded, SourceInfo, log_notice
from livefg.sources.quiet import quiet_opencv

__all__ = ["IMAGE_SUFFIXES", "FolderSource", "ImageSource", "is_image", "pictures_below", "read_image"]

_KNOWN = "avif bmp dib exr gif hdr heic heif j2k jp2 jpe jpeg jpg pbm pfm pgm png pnm ppm qoi sgi tga tif tiff webp"
IMAGE_SUFFIXES = frozenset("." + ending for ending in _KNOWN.split())
"""Endings by which a file in a folder is taken for a picture, in lower case."""
_ONLY_OPENCV = frozenset({".exr", ".hdr", ".pfm", ".pic", ".tif", ".tiff"})
_FILMS = frozenset({".mjpeg", ".mjpg"})
"""Endings of films that begin as a picture does."""


def is_image(path: Path) -> bool:
    """Whether a file is a still picture, by its ending or, where that says nothing, by its first bytes."""
    suffix = path.suffix.lower()
    if suffix == ".gif":
        return not _moves(path)
    if suffix in IMAGE_SUFFIXES:
        return True
    if suffix in _FILMS:
        return False
    with suppress(OSError, cv2.error), quiet_opencv():
        return bool(path.stat().st_size) and cv2.haveImageReader(str(path))
    return False


def read_image(path: Path, name: str | None = None) -> ImageArray:
    """Read a picture as RGB (height, width, 3) uint8, C-contiguous, turned as its EXIF data say.

    Grey becomes RGB, 16-bit and floating-point pictures are brought to 8 bits, transparent parts become
    white. Raises LivefgError in one sentence that calls the file `name` (default: its path).
    """
    name = name or str(path)
    try:
        if path.stat().st_size == 0:
            raise LivefgError(f"{name} is empty: the file has zero bytes.")
        with warnings.catch_warnings():
            # What Pillow can read in spite of oddities is read; its limit against bombs is an error of its own.
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                return _from_pillow(picture)
    except UnidentifiedImageError:
        return _from_opencv(path, name)
    except Image.DecompressionBombError:
        raise LivefgError(
            f"{name} is too large: it has more than {2 * _limit() // 10**6} million pixels."
        ) from None
    except LivefgError:
        raise
    except Exception as error:  # each of Pillow's formats fails in ways of its own
        reason = getattr(error, "strerror", None) or str(error) or "unknown cause"
        raise LivefgError(f"{name} cannot be read as a picture: {reason[0].lower()}{reason[1:]}.") from None


class ImageSource(Recorded):
    """One picture, read when the source is opened; its media time is 0."""

    def __init__(self, path: Path, *, mirrored: bool = False, on_notice: Notice = log_notice) -> None:
        self._image = read_image(path)
        height, width, _ = self._image.shape
        super().__init__(
            SourceInfo(str(path), "image", width, height, frame_count=1, path=path, mirrored=mirrored),
            on_notice,
        )

    def pictures(self, start: float = 0.0) -> Generator[Picture, None, None]:  # noqa: ARG002 - see Recorded
        """The picture."""
        yield Picture(0, 0.0, self._info.name, lambda: self._image)


class FolderSource(Recorded):
    """The pictures in a folder and the folders below it, in natural order (`2.jpg` before `10.jpg`).

    A frame's `source` is its path relative to the folder, its time is its number in seconds: pictures that
    belong to no film have no other. One that cannot be read is told and left out; its number stays free.
    `leave_out` says of a file's path whether it is no picture of this folder.
    """

    def __init__(
        self,
        path: Path,
        *,
        mirrored: bool = False,
        on_notice: Notice = log_notice,
        leave_out: Callable[[Path], bool] | None = None,
    ) -> None:
        self._files = [file for file in pictures_below(path) if not (leave_out and leave_out(file))]
        if not self._files:
            raise LivefgError(f"{path} holds no pictures.")
        shape = self._first_shape(path)
        super().__init__(
            SourceInfo(
                name=str(path),
                kind="folder",
                width=shape[1],
                height=shape[0],
                frame_count=len(self._files),
                path=path,
                mirrored=mirrored,
            ),
            on_notice,
        )
        self._root = path
        self._skipped: frozenset[str] = frozenset()

    @property
    def files(self) -> Sequence[Path]:
        """The pictures, in order."""
        return self._files

    def skip(self, names: Iterable[str]) -> None:
        """Leave these out from now on, by their paths relative to the folder; the others keep their numbers."""
        self._skipped = frozenset(names)

    def pictures(self, start: float = 0.0) -> Generator[Picture, None, None]:  # noqa: ARG002 - see Recorded
        """Every picture that can be read."""
        for index, file in enumerate(self._files):
            name = file.relative_to(self._root).as_posix()
            if name in self._skipped:
                continue
            try:
                image = read_image(file)
            except LivefgError as error:
                self._note(f"Left out: {error}")
                continue
            yield Picture(index, float(index), name, lambda image=image: image)  # type: ignore[misc]
            if self._closed.is_set():
                return

    def _first_shape(self, path: Path) -> tuple[int, ...]:
        for file in self._files:
            with suppress(LivefgError):
                return read_image(file).shape
        raise LivefgError(f"None of the {len(self._files)} pictures in {path} can be read.")


def pictures_below(folder: Path) -> list[Path]:
    """The pictures in a folder and the folders below it, in natural order, hidden ones left out."""
    files = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [
            Path(root, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
        ]
    return sorted(files, key=lambda file: [_natural(part) for part in file.relative_to(folder).parts])


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which numbers inside a name count by their value."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _moves(path: Path) -> bool:
    with suppress(OSError, SyntaxError, ValueError), Image.open(path) as picture:
        return bool(getattr(picture, "is_animated", False))
    return False


def _limit() -> int:
    return Image.MAX_IMAGE_PIXELS or 0


def _from_pillow(picture: Image.Image) -> ImageArray:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I") or upright.mode == "F":
        return _eight_bits(np.asarray(upright))
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.ascontiguousarray(upright.convert("RGB"), np.uint8)


def _from_opencv(path: Path, name: str) -> ImageArray:
    """What Pillow does not know: Radiance, OpenEXR and PFM pictures, 16-bit colour TIFF."""
    array = None
    # Only these: the libraries behind other formats would complain on the terminal about what is broken.
    if path.suffix.lower() in _ONLY_OPENCV:
        with quiet_opencv(), suppress(cv2.error):
            # Not imread: it cannot open every path that Windows allows.
            array = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        cause = (
            "convert it to JPEG first" if path.suffix.lower() in {".heic", ".heif"} else "it may be damaged"
        )
        raise LivefgError(f"{name} is not a picture that livefg can read; {cause}.")
    if array.ndim == 3:
        array = array[:, :, 2::-1]
    return _eight_bits(np.asarray(array))


def _eight_bits(array: npt.NDArray[np.generic]) -> ImageArray:
    """Bring grey (h, w) or RGB (h, w, 3) values of any type to RGB uint8.

    Whole numbers are scaled by the bits that the brightest one needs, as cameras store 10 to 14 bits in 16;
    fractions are taken for linear light up to the brightest half percent where they exceed 1, else for
    display values.
    """
    values = np.asarray(array)
    if values.dtype != np.uint8:
        numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0).clip(min=0)
        if values.dtype.kind == "f":
            peak = float(np.percentile(numbers, 99.5))
            numbers = numbers if numbers.max() <= 1 else (numbers / max(peak, 1e-9)).clip(max=1) ** (1 / 2.2)
        else:
            bits = max(8, int(numbers.max()).bit_length())
            numbers = numbers / (2**bits - 1)
        values = np.round(255 * numbers).astype(np.uint8)
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    return np.ascontiguousarray(values, np.uint8)
