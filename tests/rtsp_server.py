"""A camera that speaks RTSP, for tests: H.264 in MPEG-TS over RTP inside the RTSP connection, on loopback."""

from __future__ import annotations

import io
import socketserver
import struct
import threading
import time
from fractions import Fraction
from typing import Self

import av
from mjpeg_server import counted_picture

_FPS = 25
_TS_PACKETS = 7 * 188


class RtspServer:
    """Serves the same `seconds` of running numbers to each client, at their own speed, and then hangs up."""

    def __init__(self, seconds: float = 2.0) -> None:
        self._film = _film(round(seconds * _FPS))
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                server._converse(self)

        self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._tcp.daemon_threads = True
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The camera's address."""
        return f"rtsp://127.0.0.1:{self._tcp.server_address[1]}/live"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.shutdown()
        self._tcp.server_close()
        self._thread.join()

    def _converse(self, client: socketserver.StreamRequestHandler) -> None:
        """Answer request after request until PLAY, then send the film."""
        while line := client.rfile.readline().decode():
            method = line.split()[0]
            headers = {}
            while text := client.rfile.readline().decode().strip():
                key, _, value = text.partition(":")
                headers[key.lower()] = value.strip()
            body, more = "", ""
            if method == "OPTIONS":
                more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
            elif method == "DESCRIBE":
                body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:v\r\n"
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            elif method == "SETUP":
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
            elif method == "PLAY":
                more = "Session: 1\r\n"
            client.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\n{more}\r\n{body}".encode())
            if method == "PLAY":
                self._play(client)
                return

    def _play(self, client: socketserver.StreamRequestHandler) -> None:
        sequence = 0
        try:
            for number, piece in enumerate(self._film):
                for begin in range(0, len(piece), _TS_PACKETS):
                    payload = piece[begin : begin + _TS_PACKETS]
                    rtp = (
                        struct.pack(">BBHII", 0x80, 33, sequence & 0xFFFF, number * 90000 // _FPS, 1)
                        + payload
                    )
                    client.wfile.write(struct.pack(">cBH", b"$", 0, len(rtp)) + rtp)
                    sequence += 1
                time.sleep(1 / _FPS)
        except OSError:
            pass  # the client has hung up


def _film(frames: int) -> list[bytes]:
    """MPEG-TS, cut into what belongs to each frame."""
    buffer = io.BytesIO()
    pieces = []
    with av.open(buffer, "w", format="mpegts") as output:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "10"}
        video = output.add_stream("libx264", rate=_FPS, options=options)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(counted_picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _FPS)
            before = buffer.tell()
            output.mux(video.encode(frame))
            buffer.seek(before)
            pieces.append(buffer.read())
    return pieces
