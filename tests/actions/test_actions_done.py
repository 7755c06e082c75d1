"""Actions against real receivers on this machine: programs, servers, a broker, a desktop."""

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import wait_until
from virtual_screen import virtual_screen

from livefg.actions import ActionRunner, load_actions
from livefg.errors import LivefgError
from livefg.results import Event, Frame, FrameResult, Hand, Side

PATIENCE_SECONDS = 60.0
FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 0, 0.0, "test")


class Player:
    """An action runner with a clock of its own; `happen` feeds it a result with one event."""

    def __init__(self, tmp_path: Path, text: str, *, dry_run: bool = False) -> None:
        path = tmp_path / "actions.toml"
        path.write_text(text, encoding="utf-8")
        self.notices: queue.Queue[str] = queue.Queue()
        self.now = 100.0
        self.runner = ActionRunner(
            load_actions(path), self.notices.put, dry_run=dry_run, clock=lambda: self.now
        )

    def __enter__(self) -> "Player":
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()

    def happen(
        self, label: str = "swipe_left", kind: Any = "motion", phase: Any = "start", side: Side = "right"
    ) -> None:
        hand = Hand(7, side, (0, 0, 1, 1), 1.0, np.zeros((21, 3), np.float32))
        event = Event(kind, label, phase, 7, 1.25, 0.9)
        self.runner.write(FRAME, FrameResult("test", 0, 1.25, 2, 2, hands=(hand,), events=(event,)))

    def notice(self) -> str:
        return self.notices.get(timeout=PATIENCE_SECONDS)

    def told(self) -> list[str]:
        return list(self.notices.queue)


def writer(path: Path) -> str:
    """A command that writes its arguments and the event into a file."""
    code = f"import sys, os; open({str(path)!r}, 'a').write(repr((sys.argv[1:], os.environ['LIVEFG_EVENT'])) + chr(10))"
    return (
        f"command = [{json.dumps(sys.executable)}, '-c', {json.dumps(code)}, '{{label}} by {{side}}; $HOME']"
    )


def test_a_command_gets_the_event_as_arguments_that_no_shell_sees(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with Player(tmp_path, f"[[actions]]\non = 'swipe_left'\n{writer(out)}") as player:
        player.happen()
    arguments, event = eval(out.read_text())
    assert arguments == ["swipe_left by right; $HOME"], "one argument, nothing expanded"
    assert json.loads(event) == {
        "kind": "motion", "label": "swipe_left", "phase": "start", "track": 7, "time": 1.25, "confidence": 0.9,
        "source": "test", "side": "right",
    }  # fmt: skip
    assert player.told() == []


def test_only_the_events_that_are_meant_set_it_off(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    text = f"[[actions]]\non = 'swipe_left'\nkind = 'motion'\nside = 'right'\ncooldown = 0\n{writer(out)}"
    with Player(tmp_path, text) as player:
        player.happen("swipe_right")
        player.happen(kind="rule")
        player.happen(phase="end")
        player.happen(side="left")
    assert not out.exists()


def test_a_failing_command_is_told(tmp_path: Path) -> None:
    command = f"command = [{json.dumps(sys.executable)}, '-c', 'raise SystemExit(3)']"
    with Player(tmp_path, f"[[actions]]\non = '*'\n{command}") as player:
        player.happen()
    assert "ended with status 3" in player.notice()


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = f"timeout = 0.3\ncommand = [{json.dumps(sys.executable)}, '-c', 'import time; time.sleep(600)']"
    with Player(tmp_path, f"[[actions]]\non = '*'\n{command}") as player:
        player.happen()
    assert "took longer than 0.3 s and was ended" in player.notice()


def test_a_dry_run_tells_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with Player(tmp_path, f"[[actions]]\non = 'swipe_left'\n{writer(out)}", dry_run=True) as player:
        player.happen()
        assert player.notice().startswith("swipe_left start: would run ")
    assert not out.exists()


def test_the_same_action_waits_for_its_cooldown(tmp_path: Path) -> None:
    with Player(
        tmp_path, f"[[actions]]\non = '*'\ncooldown = 1.0\n{writer(tmp_path)}", dry_run=True
    ) as player:
        for _ in range(5):
            player.happen()
            player.now += 0.4
    assert len(player.told()) == 2, "at 0 s and at 1.2 s"
    assert player.runner.held_back == 3


def test_no_more_happens_in_a_minute_than_allowed(tmp_path: Path) -> None:
    text = f"per_minute = 4\n[[actions]]\non = '*'\ncooldown = 0\n{writer(tmp_path)}"
    with Player(tmp_path, text, dry_run=True) as player:
        for _ in range(20):
            player.happen()
            player.now += 1.0
        assert player.runner.held_back == 16
        player.now += 60
        player.happen()
    assert len(player.told()) == 5


class Listener(BaseHTTPRequestHandler):
    """A web server that keeps what is posted to it."""

    got: queue.Queue[tuple[str, dict[str, str], dict[str, Any]]] = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.put((self.path, dict(self.headers), json.loads(body)))
        self.send_response(500 if self.path.startswith("/broken") else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_event_is_posted_to_a_web_server(tmp_path: Path, web: str) -> None:
    post = f"post = {{address = '{web}/hook?room=1', headers = {{Authorization = 'Bearer x'}}}}"
    with Player(tmp_path, f"[[actions]]\non = '*'\n{post}") as player:
        player.happen()
        path, headers, event = Listener.got.get(timeout=PATIENCE_SECONDS)
    assert path == "/hook?room=1"
    assert headers["Authorization"] == "Bearer x"
    assert headers["Content-Type"] == "application/json"
    assert (event["label"], event["side"]) == ("swipe_left", "right")
    assert player.told() == []


def test_a_server_that_refuses_or_is_absent_is_told_once_each_time(tmp_path: Path, web: str) -> None:
    text = f"[[actions]]\non = '*'\ncooldown = 0\npost = '{web}/broken'\n"
    text += f"[[actions]]\non = '*'\ncooldown = 0\npost = 'http://127.0.0.1:{free_port()}'"
    with Player(tmp_path, text) as player:
        player.happen()
        player.happen()
    assert [("answered 500" in one, "cannot be reached" in one) for one in player.told()] == [
        (True, False),
        (False, True),
    ]


def test_everybody_who_is_connected_hears_a_broadcast_but_no_strange_page(tmp_path: Path) -> None:
    client = pytest.importorskip("websockets.sync.client")
    exceptions = pytest.importorskip("websockets.exceptions")
    text = (
        "[websocket]\nport = 0\norigins = ['http://localhost:3000']\n[[actions]]\non = '*'\nbroadcast = true"
    )
    with Player(tmp_path, text) as player:
        broadcaster = player.runner.broadcaster
        address = f"ws://127.0.0.1:{broadcaster.port}"
        with (
            client.connect(address) as program,
            client.connect(address, origin="http://localhost:3000") as page,
        ):
            wait_until(lambda: broadcaster.listeners == 2)
            player.happen()
            for listener in (program, page):
                assert json.loads(listener.recv(timeout=PATIENCE_SECONDS))["label"] == "swipe_left"
        with pytest.raises(exceptions.InvalidStatus):
            client.connect(address, origin="http://evil.example")


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    pytest.importorskip("websockets")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LivefgError, match=f"No WebSocket can be offered at 127.0.0.1:{port}"):
            Player(tmp_path, f"[websocket]\nport = {port}\n[[actions]]\non = '*'\nbroadcast = true")


BROKER = """
import asyncio, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from amqtt.broker import Broker
async def main():
    config = {"listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:" + sys.argv[1]}},
              "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}}
    broker = Broker(config)
    await broker.start()
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
def broker() -> Iterator[int]:
    pytest.importorskip("amqtt")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", BROKER, str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    with process.stdout as output:
        try:
            assert output.readline().strip() == b"ready"
            yield port
        finally:
            process.kill()
            process.wait()


def test_an_event_is_published_through_an_mqtt_broker(tmp_path: Path, broker: int) -> None:
    paho = pytest.importorskip("paho.mqtt.client")
    got: queue.Queue[Any] = queue.Queue()
    subscribed = threading.Event()
    listener = paho.Client(paho.CallbackAPIVersion.VERSION2)
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.on_message = lambda _client, _data, message: got.put(message)
    listener.connect("127.0.0.1", broker)
    listener.subscribe("room/#")
    listener.loop_start()
    assert subscribed.wait(PATIENCE_SECONDS)
    with Player(
        tmp_path, f"[[actions]]\non = '*'\nmqtt = {{port = {broker}, topic = 'room/{{side}}/{{label}}'}}"
    ) as player:
        player.happen()
        message = got.get(timeout=PATIENCE_SECONDS)
    assert message.topic == "room/right/swipe_left"
    assert json.loads(message.payload)["confidence"] == 0.9
    assert player.told() == []
    listener.disconnect()
    listener.loop_stop()


def test_an_absent_broker_is_told(tmp_path: Path) -> None:
    pytest.importorskip("paho.mqtt.client")
    with Player(tmp_path, f"[[actions]]\non = '*'\nmqtt = {{port = {free_port()}}}") as player:
        player.happen()
        assert "cannot be reached" in player.notice()


def test_an_event_is_sent_as_an_osc_message(tmp_path: Path) -> None:
    server = pytest.importorskip("pythonosc.osc_server")
    dispatcher = pytest.importorskip("pythonosc.dispatcher").Dispatcher()
    got: queue.Queue[Any] = queue.Queue()
    dispatcher.set_default_handler(lambda *message: got.put(message))
    with server.ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        osc = f"osc = {{port = {receiver.server_address[1]}, address = '/hand/{{label}}'}}"
        with Player(tmp_path, f"[[actions]]\non = '*'\n{osc}") as player:
            player.happen()
            address, label, phase, side, confidence = got.get(timeout=PATIENCE_SECONDS)
        receiver.shutdown()
        thread.join()
    assert (address, label, phase, side) == ("/hand/swipe_left", "swipe_left", "start", "right")
    assert confidence == pytest.approx(0.9)


@pytest.fixture
def desktop() -> Iterator[str]:
    """The DISPLAY of a virtual screen."""
    with virtual_screen("800x600", "xev", "xdotool") as display:
        yield display


ACTING = """
import sys
from pathlib import Path
folder = Path(sys.argv[2])
sys.path[:0] = map(str, (folder, folder.parent))
from test_actions_done import Player
with Player(Path(sys.argv[1]), sys.argv[3]) as player:
    player.happen()
print(player.told())
"""


@pytest.mark.window
def test_keys_and_mouse_reach_the_program_on_the_desktop(tmp_path: Path, desktop: str) -> None:
    pytest.importorskip("Xlib" if sys.platform == "linux" else "pynput")
    environment = {**os.environ, "DISPLAY": desktop}
    seen = subprocess.Popen(
        ["xev", "-geometry", "400x300+0+0"], stdout=subprocess.PIPE, text=True, env=environment, bufsize=1
    )
    assert seen.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(seen.stdout.readline, "")))  # type: ignore[union-attr]
    reader.start()
    try:
        wait_until(lambda: any("MapNotify" in line for line in list(lines)))
        subprocess.run(["xdotool", "mousemove", "100", "100"], env=environment, check=True)
        text = "[[actions]]\non = '*'\nkeys = 'ctrl+Right a'\n"
        text += "[[actions]]\non = '*'\nmouse = {move = [30, 20], click = 'left'}"
        done = subprocess.run(
            [sys.executable, "-c", ACTING, str(tmp_path), str(Path(__file__).parent), text],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == "[]", done.stderr
        wait_until(lambda: any("ButtonRelease" in line for line in list(lines)))
    finally:
        seen.terminate()
        seen.wait()
        reader.join()
        seen.stdout.close()
    pressed = [line.split("keysym ")[1].split(",")[1].strip(" )") for line in keys_of(lines, "KeyPress")]
    assert pressed == ["Control_L", "Right", "a"]
    buttons = [line for line in lines if "root:(130,120)" in line]
    assert buttons, "the mouse moved by 30 and 20 from 100, 100 and clicked there"


def keys_of(lines: list[str], kind: str) -> list[str]:
    """The lines of an xev log that name the key of each event of a kind."""
    return [
        next(line for line in lines[place:] if "keysym" in line)
        for place, line in enumerate(lines)
        if line.startswith(kind)
    ]


def test_without_a_desktop_that_is_said(tmp_path: Path) -> None:
    pytest.importorskip("pynput" if os.environ.get("DISPLAY") else "sys")
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", ACTING, str(tmp_path), str(Path(__file__).parent), "[[actions]]\non = '*'\nkeys = 'a'"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "LivefgError" in done.stderr
    assert "Keys and the mouse need" in done.stderr


def free_port() -> int:
    """A port that nobody uses now."""
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
