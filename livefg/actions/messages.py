"""Telling other programs by MQTT and OSC."""

from __future__ import annotations

import threading
from typing import Any

from livefg.actions.base import ActionFailedError, Happening, filled, require
from livefg.errors import LivefgError

__all__ = ["Mqtt", "Osc"]

_ACCEPTED_SECONDS = 3.0


class Mqtt:
    """Publishes the event as JSON on a topic (with `{label}` and the like replaced) of an MQTT 3.1.1 broker.

    It connects on the first event and again by itself after an interruption. Needs the package paho-mqtt.
    """

    def __init__(
        self,
        host: str,
        port: int,
        topic: str,
        where: str,
        *,
        username: str | None = None,
        password: str | None = None,
        quality: int = 0,
    ) -> None:
        if "+" in topic or "#" in topic:
            raise LivefgError(f"The topic {topic!r} of {where} has a wildcard; messages go to one topic.")
        client = require("paho.mqtt.client", "paho-mqtt")
        self._client: Any = client.Client(client.CallbackAPIVersion.VERSION2)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._connected
        self._host, self._port, self._topic, self._quality = host, port, topic, quality
        self._started = False
        self._answered = threading.Event()
        self._refusal = ""

    def describe(self, happening: Happening) -> str:
        """The topic and what is sent."""
        return f"publish on {self._on(happening)} at {self._host}:{self._port}: {happening.to_json()}"

    def run(self, happening: Happening) -> None:
        """Publish it and wait until it is on its way."""
        try:
            if not self._started:
                self._client.connect(self._host, self._port, keepalive=30)
                self._client.loop_start()
                self._started = True
            if not self._answered.wait(_ACCEPTED_SECONDS):
                raise ActionFailedError(f"the broker {self._host}:{self._port} does not answer")
            if self._refusal:
                raise ActionFailedError(f"the broker {self._host}:{self._port} refused: {self._refusal}")
            sent = self._client.publish(self._on(happening), happening.to_json(), qos=self._quality)
            sent.wait_for_publish(_ACCEPTED_SECONDS)
        except (OSError, ValueError, RuntimeError) as error:
            raise ActionFailedError(
                f"the broker {self._host}:{self._port} cannot be reached ({error})"
            ) from error

    def close(self) -> None:
        """Disconnect."""
        if self._started:
            self._client.disconnect()
            self._client.loop_stop()

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._refusal = str(reason).lower() if reason.is_failure else ""
        self._answered.set()

    def _on(self, happening: Happening) -> str:
        return filled(self._topic, happening)


class Osc:
    """Sends an OSC message by UDP: label, phase, side and confidence. Needs the package python-osc.

    Nobody answers, so it cannot be known whether anybody listens.
    """

    def __init__(self, host: str, port: int, address: str, where: str) -> None:
        if not address.startswith("/"):
            raise LivefgError(f"The OSC address {address!r} of {where} does not begin with a slash.")
        self._client = require("pythonosc.udp_client", "python-osc").SimpleUDPClient(host, port)
        self._to, self._address = f"{host}:{port}", address

    def describe(self, happening: Happening) -> str:
        """Where it goes and what is sent."""
        return f"send {filled(self._address, happening)} {self._arguments(happening)} to {self._to}"

    def run(self, happening: Happening) -> None:
        """Send it."""
        try:
            self._client.send_message(filled(self._address, happening), self._arguments(happening))
        except OSError as error:
            raise ActionFailedError(f"nothing can be sent to {self._to} ({error})") from error

    def close(self) -> None:
        """Close the socket."""
        self._client._sock.close()

    @staticmethod
    def _arguments(happening: Happening) -> list[Any]:
        event = happening.event
        return [event.label, event.phase, happening.side or "", round(event.confidence, 4)]
