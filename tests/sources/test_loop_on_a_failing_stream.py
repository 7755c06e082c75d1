"""The live loop on a camera on the network that stalls, drops the line, and comes back."""

from __future__ import annotations

import threading

import pytest
from fakes import FakePipeline, wait_until
from mjpeg_server import MjpegServer, number_in

from livefg.loop import LiveLoop
from livefg.sources import Patience, open_source

QUICK = Patience(silence=0.4, same=0.4, retry=0.05, retry_most=0.2)


@pytest.mark.parametrize("fault", [MjpegServer.stall, MjpegServer.drop, MjpegServer.refuse])
def test_the_loop_shows_the_newest_pictures_again_after_the_camera_failed(fault: object) -> None:
    assert callable(fault)
    notices: list[str] = []
    shown: list[int] = []
    with MjpegServer() as server, open_source(server.url, patience=QUICK, on_notice=notices.append) as source:
        pipeline = FakePipeline()
        with LiveLoop(source, pipeline) as loop:
            screen = threading.Thread(
                target=lambda: shown.extend(number_in(view.frame.image) for view in loop)
            )
            screen.start()
            wait_until(lambda: len(shown) > 5)
            fault(server)
            wait_until(lambda: len(notices) > 0)
            before = server.served
            server.run()
            wait_until(lambda: any(notice.endswith("is back.") for notice in notices))
            wait_until(lambda: bool(shown) and shown[-1] > before)
            loop.stop()
            screen.join(10)
    assert not screen.is_alive()
    assert shown == sorted(shown)
    assert pipeline.seen == sorted(set(pipeline.seen))
