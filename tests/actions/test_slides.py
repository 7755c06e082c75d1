"""Slides in a real PDF viewer, turned by swipes before a camera: `livefg live --actions` on a virtual screen."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw
from virtual_screen import virtual_screen

from livefg.results import Frame

PAGES, FIRST = 13, 7
STROKE = slice(255, 346)
"""The frames of the demo clip in which the right hand swipes to the person's left and goes down."""
WAYS = {"swipe_left": 1, "swipe_right": -1}
WAIT = 60.0


@pytest.fixture
def desktop() -> Iterator[dict[str, str]]:
    """The environment of programs on a virtual screen."""
    pytest.importorskip("Xlib" if sys.platform == "linux" else "pynput")
    with virtual_screen("1024x768", "xdotool", "mupdf") as display:
        yield {**os.environ, "DISPLAY": display}


def slides(path: Path) -> Path:
    """A PDF with a number on each page."""
    pages = []
    for number in range(1, PAGES + 1):
        page = Image.new("RGB", (400, 300), "white")
        ImageDraw.Draw(page).text((180, 100), str(number), "black", font_size=90)
        pages.append(page)
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def film(path: Path, strokes: str, frames: list[Frame]) -> Path:
    """A video of somebody who swipes to their left (`<`) or, as the mirror image of that, to their right (`>`)."""
    clip = [frame.image for frame in frames[STROKE]]
    with av.open(str(path), "w") as video:
        stream = video.add_stream("libx264", rate=30, options={"crf": "16", "preset": "veryfast"})
        stream.height, stream.width = clip[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        number = 0
        for stroke in strokes:
            for image in clip:
                turned = image if stroke == "<" else np.ascontiguousarray(image[:, ::-1])
                picture = av.VideoFrame.from_ndarray(turned, format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 30)
                video.mux(stream.encode(picture))
                number += 1
        video.mux(stream.encode(None))
    return path


class Viewer:
    """mupdf on the virtual screen; it tells its page in its window's title."""

    def __init__(self, file: Path, desktop: dict[str, str]) -> None:
        self._desktop = desktop
        self._program = subprocess.Popen(["mupdf", str(file), str(FIRST)], env=desktop)
        self._window = self._until(lambda: self._xdotool("search", "--name", file.name).split()[:1])[0]
        self._xdotool("windowfocus", "--sync", self._window)

    def close(self) -> None:
        self._program.terminate()
        self._program.wait()

    @property
    def page(self) -> int:
        shown = re.search(r" - (\d+)/", self._xdotool("getwindowname", self._window))
        return int(shown[1]) if shown else 0

    def _xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], check=False, env=self._desktop, capture_output=True, text=True
        )
        return done.stdout

    def _until(self, what: Callable[[], list[str]]) -> list[str]:
        end = time.monotonic() + WAIT
        while not (found := what()):
            assert time.monotonic() < end, "the viewer did not come up"
            time.sleep(0.1)
        return found


@pytest.mark.window
def test_swipes_turn_the_pages_of_a_talk(
    tmp_path: Path, desktop: dict[str, str], demo_frames: list[Frame]
) -> None:
    """How many of the six swipes are found depends on the machine's load; each that is found turns its page."""
    actions = tmp_path / "actions.toml"
    actions.write_text(
        '[[actions]]\non = "swipe_left"\nkeys = "page_down"\n\n'
        '[[actions]]\non = "swipe_right"\nkeys = "page_up"\n'
    )
    source = film(tmp_path / "talk.mp4", "<<<>><", demo_frames)
    viewer = Viewer(slides(tmp_path / "slides.pdf"), desktop)
    try:
        pages = [viewer.page]
        live = subprocess.Popen(
            [sys.executable, "-m", "livefg", "live", "--source", str(source), "--headless", "--faces", "0",
             "--device", "cpu", "--motions", "swipe_left,swipe_right", "--statistics", "0",
             "--actions", str(actions)],
            env=desktop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        while live.poll() is None:
            if (page := viewer.page) not in {0, pages[-1]}:
                pages.append(page)
            time.sleep(0.05)
        said, _ = live.communicate()
        assert live.returncode == 0, said
        swipes = re.findall(r"motion +start +(swipe_\w+)", said)
        expected = [FIRST]
        for label in swipes:
            expected.append(expected[-1] + WAYS[label])
        end = time.monotonic() + WAIT
        while viewer.page != expected[-1] and time.monotonic() < end:
            time.sleep(0.1)
        if viewer.page != pages[-1]:
            pages.append(viewer.page)
    finally:
        viewer.close()
    assert pages == expected, said
    assert swipes, said
    print(f"{len(swipes)} of 6 swipes found, pages {pages}")
