"""Telling a web server (HTTP POST), and whoever listens to livefg (WebSocket)."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from livefg.actions.base import ActionFailedError, Happening, require
from livefg.errors import LivefgError

__all__ = ["Broadcast", "Broadcaster", "Post"]


class Post:
    """Sends the event as JSON to an `http` or `https` address. Redirects are not followed."""

    def __init__(
        self, address: str, where: str, headers: Mapping[str, str] | None = None, timeout: float = 2.0
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise LivefgError(f"The address {address!r} of {where} is not one of http:// or https://.")
        self._parts = parts
        self._shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        self._headers = {"Content-Type": "application/json", "User-Agent": "livefg", **(headers or {})}
        self._timeout = timeout

    def describe(self, happening: Happening) -> str:
        """The address, without a password in it, and what is sent."""
        return f"post to {self._shown}: {happening.to_json()}"

    def run(self, happening: Happening) -> None:
        """Send it and wait for the answer, which must say that all is well."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(str(self._parts.hostname), self._parts.port, timeout=self._timeout)
        path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        try:
            connection.request("POST", path, happening.to_json().encode(), self._headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise ActionFailedError(f"{self._shown} cannot be reached ({error})") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise ActionFailedError(f"{self._shown} answered {status}")

    def close(self) -> None:
        """Nothing to give back."""


class Broadcaster:
    """A WebSocket server that tells all who are connected; it takes nothing from them.

    Pages in a browser may connect only from one of `origins`: otherwise any page that the user visits could listen.
    Needs the package websockets. Raises LivefgError if it is missing or the port is taken.
    """

    def __init__(self, host: str, port: int, origins: Sequence[str] = ()) -> None:
        server = require("websockets.sync.server", "websockets")
        self._lock = threading.Lock()
        self._clients: set[Any] = set()
        quiet = logging.getLogger("livefg.websocket")
        quiet.setLevel(logging.CRITICAL)
        try:
            self._server = server.serve(
                self._serve, host, port, origins=[None, *origins], logger=quiet, max_size=1024
            )
        except OSError as error:
            raise LivefgError(
                f"No WebSocket can be offered at {host}:{port} ({(error.strerror or str(error)).lower()})."
            ) from error
        self.port: int = self._server.socket.getsockname()[1]
        """The port, also where the system chose it (0 was asked for)."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="livefg-websocket", daemon=True
        )
        self._thread.start()

    def send(self, text: str) -> int:
        """Tell everybody; gives how many that were."""
        with self._lock:
            clients = list(self._clients)
        told = 0
        for client in clients:
            try:
                client.send(text)
                told += 1
            except Exception:
                with self._lock:
                    self._clients.discard(client)
        return told

    @property
    def listeners(self) -> int:
        """How many are connected."""
        with self._lock:
            return len(self._clients)

    def close(self) -> None:
        """Disconnect everybody and stop."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.close()
        self._server.shutdown()
        self._thread.join()

    def _serve(self, client: Any) -> None:
        with self._lock:
            self._clients.add(client)
        try:
            for _ in client:
                pass
        finally:
            with self._lock:
                self._clients.discard(client)


class Broadcast:
    """Tells the event to everybody who is connected to a broadcaster."""

    def __init__(self, broadcaster: Broadcaster) -> None:
        self._broadcaster = broadcaster

    def describe(self, happening: Happening) -> str:
        """What is sent."""
        return f"broadcast {happening.to_json()}"

    def run(self, happening: Happening) -> None:
        """Send it; that nobody listens is no failure."""
        self._broadcaster.send(happening.to_json())

    def close(self) -> None:
        """The broadcaster is closed by who made it."""
