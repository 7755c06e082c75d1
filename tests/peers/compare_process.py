"""`livefg process` beside a straightforward MediaPipe + OpenCV script: same video, same kind of output, by turns.

`python compare_process.py VIDEO PYTHON TASKS [ROUNDS]`, where PYTHON is an interpreter with MediaPipe and TASKS the
folder of its task files. Each round runs both, in changing order, and times what either says of itself: from the first
frame to the finished files, without the loading of networks. Prints one JSON object for docs/benchmarks.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from livefg.bench import surroundings

SCRIPT = Path(__file__).with_name("mediapipe_opencv_script.py")
OPTIONS = ["--device", "cpu", "--faces", "1", "--force", "--json"]


def livefg_run(video: Path, out: Path) -> dict[str, Any]:
    """Frames, seconds and bytes of `livefg process`, with the annotated video and the data."""
    command = [sys.executable, "-m", "livefg", "process", str(video), "--out", str(out), *OPTIONS]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["inputs"][0]
    return {
        "frames": told["seen"]["frames"],
        "seconds": told["seconds"],
        "fps": told["fps"],
        "x_real_time": round(told["media_seconds"] / told["seconds"], 3),
        "with_hands": told["seen"]["frames_with_hands"],
        "with_faces": told["seen"]["frames_with_faces"],
        "video_bytes": (out / f"{video.stem}.mp4").stat().st_size,
    }


def script_run(python: str, video: Path, out: Path, tasks: Path) -> dict[str, Any]:
    """Frames, seconds and bytes of the script."""
    command = [python, str(SCRIPT), str(video), str(out), str(tasks)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {**told, "video_bytes": (out / f"{video.stem}.mp4").stat().st_size}


def main(video: Path, python: str, tasks: Path, rounds: int) -> dict[str, Any]:
    """Both by turns, `rounds` times."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            turns = [
                lambda: ours.append(livefg_run(video, Path(folder, "livefg"))),
                lambda: theirs.append(script_run(python, video, Path(folder, "script"), tasks)),
            ]
            for turn in reversed(turns) if number % 2 else turns:
                turn()
    ratios = [one["fps"] / other["fps"] for one, other in zip(ours, theirs, strict=True)]
    return {
        "what": "livefg process and tests/peers/mediapipe_opencv_script.py, by turns",
        "video": video.name,
        "options": OPTIONS,
        **surroundings(),
        "livefg": ours,
        "script": theirs,
        "fps": {"livefg": _median(ours, "fps"), "script": _median(theirs, "fps")},
        "x_real_time": _median(ours, "x_real_time"),
        "ratio": {
            "median": round(statistics.median(ratios), 3),
            "lowest": round(min(ratios), 3),
            "highest": round(max(ratios), 3),
        },
    }


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return round(statistics.median(run[name] for run in runs), 3)


if __name__ == "__main__":
    times = int(sys.argv[4]) if len(sys.argv) > 4 else 4
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), times), indent=1))
