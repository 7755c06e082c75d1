"""A whole small training of motions, own motions from ten repetitions, the commands, and the report."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from livefg.cli.train import command as train
from livefg.collect.takes import Span, Take, save_take
from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.recognition.motion import MotionRecognizer, load_motions, thresholds_of
from livefg.results import Event, FrameResult, Hand
from training.motion_data.acts import MOTIONS
from training.motion_data.sessions import simulated_take
from training.motion_export import read_motion
from training.motion_fit import MotionFit
from training.motion_networks import MotionShape
from training.motion_people import idle_takes, moving_takes
from training.motion_thresholds import chosen_thresholds
from training.motion_windows import raw_windows, steps_at
from training.motions import MotionRecipe, TrainedMotion, train_motions
from training.report import write_report
from training.report.motions import report_on_motions

QUICK = MotionRecipe(
    MotionShape(width=12),
    MotionFit(batches=60, averaging=0.9),
    people=6,
    hard_people=2,
    examiners=2,
    seconds=20.0,
)


class Quiet:
    """Is told and says nothing."""

    def step(self, sentence: str) -> None:
        self.last = sentence

    def advance(self, done: int, total: int, detail: str = "") -> None:
        assert 0 <= done <= total


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedMotion:
    return train_motions(tmp_path_factory.mktemp("motion") / "small.onnx", QUICK, Quiet())


def test_a_training_ends_in_a_file_that_explains_itself(trained: TrainedMotion) -> None:
    classifier = Classifier.load(trained.path, "cpu", task="motion")
    assert classifier.labels == ("none", *MOTIONS)
    assert classifier.network.input_names == ("landmarks", "times", "right")
    assert "simulated people" in classifier.info.training_data
    assert "false alarms a minute" in classifier.info.reject_reason
    assert classifier.info.metrics["simulated"]["detection_rate"] >= 0


def test_every_motion_has_a_threshold_in_the_file(trained: TrainedMotion) -> None:
    classifier = Classifier.load(trained.path, "cpu")
    enter = thresholds_of(classifier)
    assert set(enter) == {"none", *MOTIONS}
    assert all(0.5 <= value < 1 for value in enter.values())
    assert classifier.info.reject_threshold == min(enter.values())


@pytest.mark.parametrize("said", ["0.5", "[0.5]", '{"wave": "often"}', "high"])
def test_thresholds_that_are_none_are_named(trained: TrainedMotion, tmp_path: Path, said: str) -> None:
    model = onnx.load(trained.path)
    next(entry for entry in model.metadata_props if entry.key == "livefg.enter").value = said
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(LivefgError, match=r"odd\.onnx has .* as livefg\.enter, which are no thresholds"):
        MotionRecognizer(Classifier.load(tmp_path / "odd.onnx", "cpu"))


def test_thresholds_leave_people_alone_who_mean_nothing(trained: TrainedMotion) -> None:
    moving, idle = moving_takes("hand", 500, 2, 20.0), idle_takes("hand", 600, 2, 20.0)
    rates = [
        chosen_thresholds(trained.network, trained.about.temperature, moving, idle, most).rate
        for most in (1000.0, 3.0)
    ]
    assert rates[1] <= max(3.0, rates[0])
    kept = chosen_thresholds(trained.network, trained.about.temperature, moving, idle, 3.0, {"wave": 0.123})
    assert kept.enter["wave"] == 0.123


def test_the_file_answers_as_torch_does_live(trained: TrainedMotion) -> None:
    network, _ = read_motion(trained.path)
    take = simulated_take(0, 0, 20.0).sampled(30, np.random.default_rng(0))
    row = 200
    values, times = raw_windows(take, np.array([row]))
    classifier = Classifier.load(trained.path, "cpu")
    (chances,) = classifier.classify(values, times, np.ones(1, np.float32))
    with torch.no_grad():
        logits = network.of_steps(steps_at(take, np.array([row])))
    expected = torch.softmax(logits / classifier.info.temperature, dim=1)[0].numpy()
    np.testing.assert_allclose(chances, expected, atol=1e-4)


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    recipe = MotionRecipe(
        MotionShape(width=8), MotionFit(batches=5), people=2, hard_people=1, examiners=1, seconds=10.0
    )
    first, second = (train_motions(tmp_path / name, recipe, Quiet()) for name in ("a.onnx", "b.onnx"))
    assert first.path.read_bytes() == second.path.read_bytes()


def flicks(seed: int, count: int = 10, label: str = "flick") -> Take:
    """Somebody who turns the wrist quickly, again and again: a motion that the shipped network does not know."""
    random = np.random.default_rng(seed)
    hand = random.normal(0, 30, (21, 3)) + np.array([0, -80, 0])
    times = np.arange(0, 3.0 * count, 1 / 30)
    within = times % 3.0
    angle = 1.2 * np.sin(np.pi * np.clip((within - 1.0) / 0.4, 0, 1)) ** 2
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = hand[None, :, 0], hand[None, :, 1]
    depth = np.broadcast_to(hand[:, 2], (len(times), 21))
    values = np.stack([x * cos - y * sin, x * sin + y * cos, depth], axis=2)
    values += random.normal(0, 0.4, values.shape) + np.array([320, 240, 0])
    spans = tuple(Span(label, 3.0 * n + 1.0, 3.0 * n + 1.4, 3.0 * n + 1.4) for n in range(count))
    return Take(times, values.astype(np.float32), spans, person="ana", session="one", source="own")


OWN = ["--people", "24", "--batches", "400"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """What `livefg train motions --extend` makes of ten flicks: its folder, and what it prints."""
    folder = tmp_path_factory.mktemp("own")
    save_take(flicks(1), folder / "recordings")
    arguments = [
        "motions",
        "--extend",
        "--data",
        str(folder / "recordings"),
        "--out",
        str(folder / "own.onnx"),
    ]
    done = CliRunner().invoke(train, [*arguments, *OWN, "--work", str(folder / "work"), "--json"])
    assert done.exit_code == 0, done.output
    return folder, json.loads(done.stdout)


def test_ten_repetitions_of_a_new_motion_make_a_class_that_works_live(
    own: tuple[Path, dict[str, object]],
) -> None:
    folder, summary = own
    recorded = summary["recorded"]
    assert isinstance(recorded, dict)
    found, asked = recorded["by_label"]["flick"]
    assert asked == 3, "every third repetition was held back"
    assert found >= 2
    recognizer = load_motions(heads=False, hand_model=str(folder / "own.onnx"))
    again, events = flicks(1), list[Event]()
    moved = again.values + np.array([40, -15, 0], np.float32)
    for frame, (time, points) in enumerate(zip(again.times.tolist(), moved, strict=True)):
        hand = Hand(1, "right", (0, 0, 1, 1), 1.0, points)
        events += recognizer(FrameResult("test", frame, time, 640, 480, hands=(hand,)), False).events
    starts = [event for event in events if event.phase == "start" and event.label == "flick"]
    assert len(starts) >= 9
    late = [
        event.time - next(s.end for s in again.spans if s.start <= event.time <= s.end + 0.5)
        for event in starts
    ]
    assert max(late) <= 0.25


def test_the_motions_that_were_known_stay_known(own: tuple[Path, dict[str, object]]) -> None:
    folder, summary = own
    assert summary["labels"] == [*Classifier.load("motion", "cpu").labels, "flick"]
    simulated = summary["simulated"]
    assert isinstance(simulated, dict)
    assert simulated["30 fps"]["detection_rate"] > 0.8
    assert (folder / "work" / "report" / "index.html").exists()


def test_own_motions_alone_are_learned_without_the_others(tmp_path: Path) -> None:
    save_take(flicks(2), tmp_path / "recordings")
    arguments = ["motions", "--data", str(tmp_path / "recordings"), "--out", str(tmp_path / "own.onnx")]
    done = CliRunner().invoke(
        train, [*arguments, "--people", "3", "--batches", "40", "--kind", "gru", "--loss", "weston_watkins",
                "--work", str(tmp_path / "work")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "every third repetition, held back" in done.stdout
    classifier = Classifier.load(tmp_path / "own.onnx", "cpu", task="motion")
    assert classifier.labels == ("none", "flick")
    assert "weston_watkins" in classifier.info.loss
    assert classifier.info.activation == "tanh", "that of a recurrent unit"


def test_nothing_new_to_learn_is_said(trained: TrainedMotion, tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=r"show no motion that .* does not know"):
        train_motions(
            tmp_path / "x.onnx", QUICK, Quiet(), recorded=[flicks(1, label="tap")], extend=trained.path
        )


def test_two_repetitions_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="'flick' was repeated 2 times; at least 3"):
        train_motions(tmp_path / "x.onnx", QUICK, Quiet(), recorded=[flicks(1, count=2)])


def test_a_folder_without_recordings_says_how_to_record(tmp_path: Path) -> None:
    done = CliRunner().invoke(train, ["motions", "--data", str(tmp_path)])
    assert isinstance(done.exception, LivefgError)
    assert "livefg collect LABEL --motion" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--subject", "head"], "add --recipe default"),
        (["--recipe", "default", "--extend"], "extends nothing"),
        (["--recipe", "default", "--out", "x.onnx"], "say with --subject"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_use(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(train, ["motions", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_recipe_needs_the_data_folder(tmp_path: Path) -> None:
    done = CliRunner().invoke(train, ["motions", "--recipe", "default", "--data", str(tmp_path)])
    assert isinstance(done.exception, LivefgError)
    assert "is not the data folder" in str(done.exception)


def test_the_report_shows_moments_events_and_latency(trained: TrainedMotion, tmp_path: Path) -> None:
    report = report_on_motions(trained, QUICK, ())
    found = sum(hits for one in trained.conditions.values() for hits, _ in one["by_label"].values())
    assert len(report.latencies) == found
    # So small a network may have found nothing.
    page = write_report(replace(report, latencies=[-0.4, 0.05, 0.1]), tmp_path).read_text("utf-8")
    for heading in ("Motions: small", "How soon", "Motions as they happen", "30 fps, 10 % dropped"):
        assert heading in page
    numbers = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert numbers["evaluation"]["labels"][1:] == list(MOTIONS)
    assert numbers["latencies"] == [-0.4, 0.05, 0.1]
    assert (tmp_path / "latency.png").exists()
