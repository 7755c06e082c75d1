"""A camera on the network for tests: MJPEG over HTTP on loopback, which stalls, freezes, drops and comes back."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

_BOUNDARY = "frame"


def counted_picture(number: int, size: tuple[int, int] = (160, 120)) -> npt.NDArray[np.uint8]:
    """An RGB picture (height, width, 3) that tells its number: see `number_in`."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for bit in range(10):
        picture[:, bit * size[0] // 10 : (bit + 1) * size[0] // 10] = 200 if number >> bit & 1 else 50
    return picture


def number_in(picture: npt.NDArray[np.uint8]) -> int:
    """The number that `counted_picture` was given, modulo 1024."""
    middle = picture[picture.shape[0] // 2].mean(axis=1)
    width = len(middle)
    return sum(1 << bit for bit in range(10) if middle[(2 * bit + 1) * width // 20] > 125)


class MjpegServer:
    """Serves pictures of a running number at `url` to any number of clients until the context is left.

    `stall` keeps connections open and sends nothing; `freeze` sends the same picture again and again; `show` sends
    what another function of the number makes; `drop` hangs up on everybody; `refuse` answers 503 to new clients;
    `run` ends all of that. `garble` is how many of the next pictures are spoilt. With `user` and `password` a client
    must give both.
    """

    def __init__(
        self, *, fps: float = 50.0, size: tuple[int, int] = (160, 120), user: str = "", password: str = ""
    ) -> None:
        self.served = 0
        self.clients = 0
        self.garble = 0
        self._interval = 1 / fps
        self._size = size
        self._credentials = f"{user}:{password}" if user else ""
        self._mode = "run"
        self._make: Callable[[int], npt.NDArray[np.uint8]] = self._counted
        self._era = 0
        self._closing = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The stream's address, credentials included."""
        who = f"{self._credentials}@" if self._credentials else ""
        return f"http://{who}127.0.0.1:{self._http.server_port}/video.mjpg"

    def run(self) -> None:
        self._mode, self._make = "run", self._counted

    def stall(self) -> None:
        self._mode = "stall"

    def freeze(self) -> None:
        number = self.served
        self.show(lambda _: self._counted(number))

    def show(self, make: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        self._mode, self._make = "run", make

    def drop(self) -> None:
        self._era += 1

    def refuse(self) -> None:
        self._mode = "refuse"
        self.drop()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self.drop()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _counted(self, number: int) -> npt.NDArray[np.uint8]:
        return counted_picture(number, self._size)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = "Basic " + base64.b64encode(self._credentials.encode()).decode()
        if self._credentials and request.headers.get("Authorization") != wanted:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.end_headers()
            return
        if self._mode == "refuse":
            request.send_error(503)
            return
        self.clients += 1
        era = self._era
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        request.end_headers()
        try:
            while era == self._era and not self._closing:
                if self._mode == "run":
                    self._send(request, self._make(self.served))
                    self.served += 1
                time.sleep(self._interval)
        except OSError:
            pass  # the client has hung up

    def _send(self, request: BaseHTTPRequestHandler, picture: npt.NDArray[np.uint8]) -> None:
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if self.garble:
            jpeg[: len(jpeg) // 2] = 0
            self.garble -= 1
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        request.wfile.write(head.encode() + jpeg.tobytes() + b"\r\n")
        request.wfile.flush()
