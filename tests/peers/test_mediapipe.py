"""livefg beside the real MediaPipe, which runs in an interpreter of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefg.errors import LivefgError
from livefg.mediapipe_peer import MediaPipePeer
from livefg.perception.mediapipe_backend import MediaPipePerception
from livefg.perception.mediapipe_tasks import GESTURE_TASK, TaskFace, TaskHand
from livefg.pipeline import PipelineSettings
from livefg.results import Frame, Hand, ImageArray
from livefg.workers import run_chain

pytestmark = pytest.mark.peer

OpenPeer = Callable[..., MediaPipePeer]

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


class PeerTasks:
    """MediaPipe for the adapter, from two child processes: one for hands, one for faces."""

    def __init__(self, hands: MediaPipePeer, faces: MediaPipePeer) -> None:
        self._hands, self._faces = hands, faces

    def hands_in(self, image: ImageArray, time_ms: int) -> tuple[TaskHand, ...]:
        return self._hands.process(image, time_ms).hands

    def faces_in(self, image: ImageArray, time_ms: int) -> tuple[TaskFace, ...]:
        return self._faces.process(image, time_ms).faces

    def close(self) -> None:
        self._hands.close()
        self._faces.close()


def test_the_recordings_are_what_mediapipe_still_gives(open_peer: OpenPeer, demo_frames: list[Frame]) -> None:
    peer = open_peer()
    with np.load(GOLDEN / "demo.npz", allow_pickle=False) as recorded:
        for frame in demo_frames[:60]:
            result = peer.process(frame.image, (frame.index + 1) * 1_000_000)
            hands = recorded["hand_landmarks"][recorded["hand_frame"] == frame.index]
            assert len(result.hands) == len(hands)
            for hand, landmarks in zip(result.hands, hands, strict=True):
                assert np.abs(hand.landmarks - landmarks).mean() < 0.1
            for landmarks in recorded["face_landmarks"][recorded["face_frame"] == frame.index]:
                assert np.abs(result.faces[0].landmarks - landmarks).mean() < 0.1


def test_the_adapter_tells_sides_and_gestures_as_they_are(
    open_peer: OpenPeer, demo_frames: list[Frame], demo_truth: list[dict[str, Any]]
) -> None:
    perception = MediaPipePerception(
        PipelineSettings(backend="mediapipe"), lambda _: PeerTasks(open_peer(faces=0), open_peer(hands=0))
    )
    tracks: dict[str, set[int]] = {}
    for frame in demo_frames[60:200]:
        hands: tuple[Hand, ...] = run_chain(perception.lanes(frame)["hands"])
        assert len(run_chain(perception.lanes(frame)["faces"])) == 1
        truth = {hand["side"]: hand["gesture"] for hand in demo_truth[frame.index]["hands"]}
        for hand in hands:
            assert hand.side in truth
            tracks.setdefault(hand.side, set()).add(hand.track)
            if truth[hand.side] == "victory" and frame.index % 30 == 15:
                assert hand.gesture is not None
                assert hand.gesture.name == "victory"
    assert {side: len(ids) for side, ids in tracks.items()} == {"left": 1, "right": 1}


def test_a_mirrored_clip_gives_the_same_persons_sides(open_peer: OpenPeer, demo_frames: list[Frame]) -> None:
    perception = MediaPipePerception(
        PipelineSettings(backend="mediapipe", faces=0),
        lambda _: PeerTasks(open_peer(faces=0), open_peer(hands=0)),
    )
    for frame in demo_frames[60:70]:
        flipped = Frame(
            np.ascontiguousarray(frame.image[:, ::-1]), frame.index, frame.time, "demo", mirrored=True
        )
        hands: tuple[Hand, ...] = run_chain(perception.lanes(flipped)["hands"])
        assert [hand.side for hand in hands] == ["right"]


def test_pictures_are_judged_one_by_one_in_image_mode(open_peer: OpenPeer, demo_frames: list[Frame]) -> None:
    peer = open_peer(video=False)
    once = peer.process(demo_frames[60].image)
    peer.process(demo_frames[200].image)
    again = peer.process(demo_frames[60].image)
    assert np.array_equal(once.hands[0].landmarks, again.hands[0].landmarks)


def test_a_missing_task_file_is_one_sentence(peer_python: str, tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=GESTURE_TASK):
        MediaPipePeer(peer_python, tmp_path)
