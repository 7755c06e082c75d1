"""Network streams, against a camera on loopback that stalls, freezes, drops the line and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from clips import write_clip
from fakes import PATIENCE_SECONDS, wait_until
from mjpeg_server import MjpegServer, counted_picture, number_in
from rtsp_server import RtspServer

from livefg.errors import LivefgError
from livefg.sources import Patience, Source, open_source

CALM = Patience(silence=PATIENCE_SECONDS, same=PATIENCE_SECONDS)
QUICK = Patience(answer=5.0, silence=0.4, blank=0.3, same=0.3, retry=0.05, retry_most=0.2)


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer() as running:
        yield running


class Watcher:
    """Reads a source in a thread of its own and keeps what it gives and says."""

    def __init__(self, address: str, patience: Patience = QUICK) -> None:
        self.notices: list[str] = []
        self.numbers: list[int] = []
        self.times: list[float] = []
        self.indices: list[int] = []
        self.source: Source = open_source(address, patience=patience, on_notice=self.notices.append)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for frame in self.source:
            self.numbers.append(number_in(frame.image))
            self.times.append(frame.time)
            self.indices.append(frame.index)

    def told(self, words: str) -> bool:
        return any(words in notice for notice in self.notices)

    def wait_for_more(self, count: int = 5) -> None:
        before = len(self.numbers)
        wait_until(lambda: len(self.numbers) >= before + count)

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.source.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_a_stream_gives_its_pictures_in_order_with_the_time_of_their_arrival(server: MjpegServer) -> None:
    before = time.monotonic()
    with Watcher(server.url, CALM) as watcher:
        watcher.wait_for_more(20)
        info = watcher.source.info
    assert (info.kind, info.live, info.width, info.height) == ("stream", True, 160, 120)
    assert info.fps is None
    assert watcher.numbers == sorted(set(watcher.numbers))
    assert watcher.indices == sorted(set(watcher.indices))
    assert watcher.times == sorted(set(watcher.times))
    assert before <= watcher.times[0] <= watcher.times[-1] <= time.monotonic()
    assert watcher.notices == []
    assert watcher.source.status is None


def test_a_picture_arrives_before_the_next_one_is_sent(server: MjpegServer) -> None:
    gate = threading.Semaphore(0)

    def one_by_one(number: int) -> np.ndarray:
        assert gate.acquire(timeout=PATIENCE_SECONDS)
        return counted_picture(number)

    with Watcher(server.url, CALM) as watcher:
        watcher.wait_for_more()
        server.show(one_by_one)
        for _ in range(5):
            gate.release()
            watcher.wait_for_more(1)
        gate.release(1000)


def test_a_slow_reader_gets_the_newest_picture(server: MjpegServer) -> None:
    with open_source(server.url, patience=QUICK) as source:
        frames = iter(source)
        next(frames)
        wait_until(lambda: server.served > 30)
        newest = number_in(next(frames).image)
        assert newest > 20


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (MjpegServer.stall, "answer in time"),
        (MjpegServer.freeze, "gives the same picture over and over"),
        (MjpegServer.drop, "breaks off"),
        (MjpegServer.refuse, "breaks off"),
    ],
)
def test_trouble_is_told_and_the_stream_comes_back(server: MjpegServer, fault: object, words: str) -> None:
    assert callable(fault)
    with Watcher(server.url) as watcher:
        watcher.wait_for_more()
        fault(server)
        wait_until(lambda: len(watcher.notices) > 0)
        server.run()
        wait_until(lambda: watcher.told("is back"))
        watcher.wait_for_more()
        assert watcher.source.status is None
    assert words in watcher.notices[0] or "has given no picture" in watcher.notices[0]
    assert watcher.notices[0].endswith("; trying to reopen it.")
    assert watcher.indices == sorted(set(watcher.indices))
    assert watcher.times == sorted(set(watcher.times))


def test_black_pictures_are_told_while_they_go_on_to_be_shown(server: MjpegServer) -> None:
    with Watcher(server.url) as watcher:
        watcher.wait_for_more()
        server.show(lambda _: np.zeros((120, 160, 3), np.uint8))
        wait_until(lambda: watcher.told("gives black pictures"))
        watcher.wait_for_more()
        assert watcher.source.status is not None
        server.run()
        wait_until(lambda: watcher.told("is back"))


def test_one_trouble_is_told_once_however_long_it_lasts(server: MjpegServer) -> None:
    with Watcher(server.url) as watcher:
        watcher.wait_for_more()
        server.refuse()
        wait_until(lambda: "does not serve" in (watcher.source.status or ""))
        time.sleep(0.5)
        assert len(watcher.notices) == 1


@pytest.mark.parametrize("fault", [MjpegServer.run, MjpegServer.stall, MjpegServer.refuse])
def test_close_ends_it_in_any_state(server: MjpegServer, fault: object) -> None:
    assert callable(fault)
    with Watcher(server.url, Patience(silence=30.0)) as watcher:
        watcher.wait_for_more()
        fault(server)
        time.sleep(0.1)
        watcher.source.close()
    watcher.source.close()


def test_no_message_shows_the_password() -> None:
    with MjpegServer(user="admin", password="pa55word") as server:
        with Watcher(server.url) as watcher:
            watcher.wait_for_more()
            server.refuse()
            wait_until(lambda: "does not serve" in (watcher.source.status or ""))
            said = [*watcher.notices, watcher.source.info.name, watcher.source.status or ""]
        with pytest.raises(LivefgError, match="user name and a password") as failure:
            open_source(server.url.replace("pa55word", "pa55w0rd"), patience=QUICK)
        said += [str(failure.value), repr(failure.value.__cause__)]
    assert not any("pa55" in sentence or "admin" in sentence for sentence in said)
    assert failure.value.__suppress_context__


def test_a_picture_that_cannot_be_decoded_is_passed_over(server: MjpegServer) -> None:
    with Watcher(server.url, CALM) as watcher:
        watcher.wait_for_more()
        server.garble = 3
        wait_until(lambda: server.garble == 0)
        watcher.wait_for_more()
    assert watcher.notices == []


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_nobody_at_the_address_is_one_sentence(scheme: str) -> None:
    with pytest.raises(LivefgError, match=r"^\w+://\*\*\*@127\.0\.0\.1:9/x refuses the connection\.$"):
        open_source(f"{scheme}://me:secret@127.0.0.1:9/x", patience=QUICK)


def test_a_server_that_never_answers_is_one_sentence(server: MjpegServer) -> None:
    server.stall()
    with pytest.raises(LivefgError, match=r"does not answer in time\.$"):
        open_source(server.url, patience=Patience(answer=0.5, silence=0.5))


def test_rtsp_is_read_as_it_comes_and_reopened_when_the_camera_hangs_up() -> None:
    with RtspServer(seconds=1.5) as server, Watcher(server.url) as watcher:
        wait_until(lambda: watcher.told("is back"))
        watcher.wait_for_more()
        info = watcher.source.info
    assert (info.kind, info.live, info.fps) == ("stream", True, 25.0)
    assert watcher.notices[0] == f"{server.url} has ended; trying to reopen it."
    back = next(i for i in range(1, len(watcher.numbers)) if watcher.numbers[i] < watcher.numbers[i - 1])
    assert watcher.numbers[:back] == sorted(set(watcher.numbers[:back]))
    assert watcher.times == sorted(set(watcher.times))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_recording_on_a_server_is_read_to_its_end_like_a_file(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", 20, container={"movflags": "faststart"})
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        with open_source(f"http://127.0.0.1:{http.server_port}/clip.mp4?token=abc") as source:
            assert (source.info.kind, source.info.live, source.info.path) == ("video", False, None)
            assert "abc" not in source.info.name
            assert [number_in(frame.image) for frame in source] == list(range(20))
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def test_the_server_itself_counts_as_it_says() -> None:
    assert [number_in(counted_picture(number)) for number in (0, 1, 513, 1023)] == [0, 1, 513, 1023]
