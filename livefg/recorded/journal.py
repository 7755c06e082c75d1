"""What the networks saw, kept on disk while a run is under way, so that a killed run goes on where it was.

A folder beside the results holds `run.json`, which says what the run is of, and a file for every few hundred frames,
which appears whole: the frames' results and the pipeline's memory at its end. Nothing in them is pickled.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.results import Face, FloatArray, FrameResult, Hand

__all__ = ["Journal", "State"]

_FORMAT = 1
_RUN = "run.json"
_END = "end.json"
State = tuple[Any, list[npt.NDArray[Any]]]


class Journal:
    """The results of one recording in the order of its frames, in the folder `path`.

    `raw` keeps the landmarks as the networks gave them, for smoothing in hindsight; otherwise those that were smoothed
    on the way. Points of faces are kept to a thousandth of the face's size, everything else as in the JSON line.
    Raises LivefgError where the folder cannot be written or read.
    """

    def __init__(self, path: Path, *, raw: bool) -> None:
        self.path = path
        self._raw = raw
        self._frames: int | None = None

    @property
    def exists(self) -> bool:
        """Whether there is an unfinished run here."""
        return (self.path / _RUN).is_file()

    @property
    def run(self) -> dict[str, Any]:
        """What the unfinished run is of, as given to `begin`."""
        return self._read_json(_RUN)

    @property
    def end(self) -> dict[str, Any] | None:
        """What was given to `finish`; None if frames are missing still."""
        return self._read_json(_END) if (self.path / _END).is_file() else None

    @property
    def frames(self) -> int:
        """How many frames are kept."""
        if self._frames is None:
            parts = self._parts()
            self._frames = int(parts[-1].stem.split("-")[1]) if parts else 0
        return self._frames

    @property
    def last_time(self) -> float:
        """Time in seconds of the last frame that is kept; 0 if there is none."""
        parts = self._parts()
        if not parts:
            return 0.0
        with _Opened(parts[-1]) as arrays:
            last = bytes(arrays["lines"]).decode().splitlines()[-1]
        return float(json.loads(last)["exact_time"])

    def begin(self, run: dict[str, Any]) -> None:
        """Start anew, for this run; only the user may read what is kept."""
        self.remove()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise LivefgError(f"The folder {self.path} cannot be made: {error.strerror}.") from error
        self._write_json(_RUN, {"format": _FORMAT, **run})

    def append(self, results: Sequence[FrameResult], state: State | None) -> None:
        """Keep the next results, and the pipeline's memory after them (None: it cannot be kept)."""
        first, end = self.frames, self.frames + len(results)
        lines = "\n".join(json.dumps(self._line(result), allow_nan=False) for result in results)
        arrays: dict[str, Any] = {
            "lines": np.frombuffer(lines.encode(), np.uint8),
            "hands": self._hands(results),
            "faces": self._faces(results),
        }
        if state is not None:
            arrays["state"] = np.frombuffer(json.dumps(state[0]).encode(), np.uint8)
            arrays.update({f"state{number}": array for number, array in enumerate(state[1])})
        name = f"{first:09d}-{end:09d}.npz"
        try:
            with (self.path / f"{name}.partial").open("wb") as file:
                _save(file, arrays)
                file.flush()
                os.fsync(file.fileno())
            (self.path / f"{name}.partial").replace(self.path / name)
            self._frames = end
        except OSError as error:
            raise LivefgError(f"{self.path / name} cannot be written: {error.strerror}.") from error

    def finish(self, facts: dict[str, Any]) -> None:
        """Say that all frames are kept; `facts` are given back by `end`."""
        self._write_json(_END, facts)

    def state(self) -> State | None:
        """The pipeline's memory after the last frame that is kept; None if there is none."""
        parts = self._parts()
        if not parts:
            return None
        with _Opened(parts[-1]) as arrays:
            if "state" not in arrays:
                return None
            count = sum(name.startswith("state") for name in arrays) - 1
            return json.loads(bytes(arrays["state"])), [arrays[f"state{number}"] for number in range(count)]

    def results(self, first: int = 0) -> Iterator[FrameResult]:
        """The results that are kept, in order, from the part on that begins with the `first` one."""
        for part in self._parts():
            if int(part.stem.split("-")[0]) < first:
                continue
            with _Opened(part) as arrays:
                lines, hands, faces = bytes(arrays["lines"]), arrays["hands"], arrays["faces"]
            hand = face = 0
            for line in lines.decode().splitlines():
                data = json.loads(line)
                result = FrameResult.from_dict(data)
                many_hands, many_faces = len(result.hands), len(data["meshes"])
                yield self._result(
                    result, data, hands[hand : hand + many_hands], faces[face : face + many_faces]
                )
                hand, face = hand + many_hands, face + many_faces

    def remove(self) -> None:
        """Delete everything that is kept."""
        self._frames = None
        shutil.rmtree(self.path, ignore_errors=True)

    def _parts(self) -> list[Path]:
        return sorted(self.path.glob("?????????-?????????.npz"))

    def _line(self, result: FrameResult) -> dict[str, Any]:
        """The JSON form with what it leaves out, but for the arrays."""
        return {
            **result.to_dict(),
            "exact_time": result.time,
            "sides": [hand.side_confidence for hand in result.hands],
            "points": [None if face.points is None else face.points.tolist() for face in result.faces],
            "meshes": [place for place, face in enumerate(result.faces) if face.landmarks is not None],
        }

    def _hands(self, results: Sequence[FrameResult]) -> FloatArray:
        points = [
            hand.raw_landmarks if self._raw and hand.raw_landmarks is not None else hand.landmarks
            for result in results
            for hand in result.hands
        ]
        return np.asarray(points, np.float32).reshape(-1, 21, 3)

    def _faces(self, results: Sequence[FrameResult]) -> npt.NDArray[np.float16]:
        meshes = [
            self._mesh(face) for result in results for face in result.faces if face.landmarks is not None
        ]
        points = max((len(mesh) for mesh in meshes), default=0)
        return np.asarray(meshes, np.float16).reshape(len(meshes), points, 3)

    def _mesh(self, face: Face) -> FloatArray:
        mesh = face.raw_landmarks if self._raw and face.raw_landmarks is not None else face.landmarks
        centre, size = _place(face)
        return np.asarray((np.asarray(mesh) - centre) / size, np.float32)

    def _result(
        self, result: FrameResult, data: dict[str, Any], hands: FloatArray, meshes: npt.NDArray[np.float16]
    ) -> FrameResult:
        faces = list(result.faces)
        for place, mesh in zip(data["meshes"], meshes, strict=True):
            centre, size = _place(faces[place])
            faces[place] = self._with_landmarks(faces[place], mesh.astype(np.float32) * size + centre)
        for place, points in enumerate(data["points"]):
            if points is not None:
                faces[place] = replace(faces[place], points=np.asarray(points, np.float32))
        seen = zip(result.hands, data["sides"], hands, strict=True)
        return replace(
            result,
            time=data["exact_time"],
            faces=tuple(faces),
            hands=tuple(
                self._with_landmarks(replace(hand, side_confidence=side), points)
                for hand, side, points in seen
            ),
        )

    def _with_landmarks(self, seen: Any, landmarks: FloatArray) -> Any:
        if self._raw:
            smooth = seen.landmarks if isinstance(seen, Hand) else landmarks
            return replace(seen, landmarks=smooth, raw_landmarks=landmarks)
        return replace(seen, landmarks=landmarks)

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            data: dict[str, Any] = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise LivefgError(
                f"The unfinished run in {self.path} cannot be read ({error}); begin anew with --force."
            ) from None
        return data

    def _write_json(self, name: str, data: dict[str, Any]) -> None:
        partial = self.path / f"{name}.partial"
        try:
            partial.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")
            partial.replace(self.path / name)
        except OSError as error:
            raise LivefgError(f"{self.path / name} cannot be written: {error.strerror}.") from error


def _save(file: BinaryIO, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays as `np.savez_compressed` does, with less effort: a tenth larger, in two thirds of the time."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


class _Opened:
    """The arrays of a part, with one sentence where it is damaged."""

    def __init__(self, part: Path) -> None:
        self._part = part

    def __enter__(self) -> dict[str, npt.NDArray[Any]]:
        try:
            with self._part.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise LivefgError(
                f"{self._part} of an unfinished run is damaged ({error}); begin anew with --force."
            ) from None

    def __exit__(self, *_: object) -> None:
        return None


def _place(face: Face) -> tuple[FloatArray, np.float32]:
    """Centre (3,) and size of a face's box as the JSON form has it, by which its mesh is kept."""
    left, top, right, bottom = (round(float(value), 2) for value in face.box)
    size = max(right - left, bottom - top, 1.0)
    return np.array([(left + right) / 2, (top + bottom) / 2, 0.0], np.float32), np.float32(size)
