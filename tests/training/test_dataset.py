"""Dataset files, landmark tables and class folders become tables of samples, and say what they leave out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livefg.errors import LivefgError
from tests.training.hands import FIST, ONE, OPEN, hand, many
from training.sources.dataset import DatasetFile, folder_as_dataset, gather
from training.sources.pictures import Item, PictureReader, Seen, choose_hand
from training.sources.tables import Layout, read_table

HEAD = 'format = 1\nname = "test"\n'


def dataset(folder: Path, text: str) -> DatasetFile:
    path = folder / "dataset.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return DatasetFile.read(path)


def csv_row(label: object, points: np.ndarray) -> str:
    return ",".join([str(label), *(f"{value:.4f}" for value in points.reshape(-1))])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [csv_row(number % 2, hand(shape)[:, :2]) for number, shape in enumerate([ONE, FIST] * 5)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    return tmp_path


TABLE = """
[[sources]]
name = "rows"
kind = "table"
path = "rows.csv"
licence = "MIT"
take = 2
[sources.labels]
0 = "pointing_up"
1 = "closed_fist"
"""


def test_a_table_gives_samples_with_the_names_of_the_dataset_file(table: Path) -> None:
    found = gather(dataset(table, TABLE)).samples
    assert found.counts() == {"closed_fist": 5, "pointing_up": 5}
    assert set(found.source.tolist()) == {"rows"}
    assert found.item[0] == "rows.csv row 0"


def test_neighbouring_rows_of_a_label_share_a_session(table: Path) -> None:
    found = gather(dataset(table, TABLE)).samples
    sessions = found.session[found.label == "pointing_up"].tolist()
    assert [sessions.count(one) for one in dict.fromkeys(sessions)] == [2, 2, 1]


def test_labels_without_a_name_are_listed_and_those_left_out_on_purpose_are_not(table: Path) -> None:
    only = TABLE.replace('1 = "closed_fist"\n', "")
    assert gather(dataset(table, only)).reasons() == {
        "rows": {"label '1' has no name in the dataset file": 5}
    }
    on_purpose = TABLE.replace('1 = "closed_fist"', '1 = ""')
    assert gather(dataset(table, on_purpose)).reasons() == {}


def test_rows_that_hold_no_hand_are_rejected_with_the_reason(tmp_path: Path) -> None:
    lines = [
        csv_row(0, hand(ONE)[:, :2]),
        "0,1,2,3",
        csv_row(0, np.zeros((21, 2))),
        csv_row(0, np.full((21, 2), np.nan)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    rows = read_table(tmp_path / "t.csv", Layout(), "t")
    assert rows.row == [0]
    assert [one.reason for one in rows.rejections] == [
        "not 21 points",
        "all points coincide",
        "a coordinate is missing",
    ]


def test_a_table_with_a_header_tells_sides_and_may_grow_upwards(tmp_path: Path) -> None:
    header = ",".join(["who", "name", *(f"{axis}{point}" for point in range(21) for axis in "xy")])
    row = "left," + csv_row("one", hand(ONE)[:, :2] * [1, -1])
    (tmp_path / "t.csv").write_text(f"{header}\n{row}\n")
    layout = Layout(label="name", points="x0", header=True, side="who", y="up")
    rows = read_table(tmp_path / "t.csv", layout, "t")
    assert rows.label == ["one"]
    assert rows.right.tolist() == [0.0]
    assert rows.points[0, :, :2] == pytest.approx(hand(ONE)[:, :2], abs=1e-3)


def test_fractions_of_a_picture_get_one_unit_for_both_axes(tmp_path: Path) -> None:
    fractions = hand(ONE) / [1600, 900, 1600]
    np.save(tmp_path / "ONE.npy", fractions[None].astype(np.float32))
    rows = read_table(tmp_path / "ONE.npy", Layout(label=None, points=0, dimensions=3, aspect=16 / 9), "t")
    assert rows.label == ["ONE"]
    assert rows.points[0] * 900 == pytest.approx(hand(ONE), abs=1e-3)


def test_a_mirrored_table_swaps_the_sides(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", hands=hand(ONE)[None])
    text = """
[[sources]]
name = "t"
kind = "table"
path = "t.npz"
licence = "MIT"
label = "pointing_up"
mirrored = MIRRORED
layout = { label = "file", points = 0, dimensions = 3, side = "right", array = "hands" }
"""
    for mirrored, right in (("true", 0.0), ("false", 1.0)):
        found = gather(dataset(tmp_path, text.replace("MIRRORED", mirrored))).samples
        assert found.right.tolist() == [right]
        assert found.label.tolist() == ["pointing_up"]


def test_recordings_that_livefg_wrote_can_be_used_as_they_are(tmp_path: Path) -> None:
    many({"ok": ONE}).save(tmp_path / "anna.npz")
    found = gather(folder_as_dataset(tmp_path)).samples
    assert found.counts() == {"ok": 30}
    assert set(found.person.tolist()) == {"person0", "person1", "person2"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[sources]]\nname = 'x'\n", "lacks 'kind'"),
        ("[[sources]]\nname='x'\nkind='film'\npath=''\nlicence=''\n", "has the kind 'film'"),
        ("[[sources]]\nname='x'\nkind='table'\npath=''\nlicence=''\ncolour='red'\n", "'colour', which means nothing"),
        ("labels=['ok']\n[[sources]]\nname='x'\nkind='table'\npath=''\nlicence=''\nlabels={a='no'}\n", "'no' in x"),
        ("", "names no"),
        ("[[[", "cannot be read"),
    ],
)  # fmt: skip
def test_a_dataset_file_with_a_mistake_gets_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(LivefgError, match=complaint):
        dataset(tmp_path, text)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="The source rows has no file"):
        gather(dataset(tmp_path, TABLE))


def seen(*hands: np.ndarray, width: int = 640) -> Seen:
    points = np.stack(hands).astype(np.float32) if hands else np.zeros((0, 21, 3), np.float32)
    return Seen(Item(Path("p.jpg")), width, 480, points, points, np.ones(len(hands), np.float32))


def at(x: float, y: float, scale: float = 1.0) -> np.ndarray:
    return hand(OPEN) * scale + np.array([x, y, 0])


def test_the_hand_that_is_meant_is_chosen() -> None:
    large, high, central = (
        at(500, 450, 2.0),
        at(100, 130),
        at(320, 300),
    )
    assert choose_hand(seen(large, high, central), "largest") == ([0], None)
    assert choose_hand(seen(large, high, central), "highest") == ([1], None)
    assert choose_hand(seen(large, high, central), "central") == ([2], None)
    assert choose_hand(seen(large, high), "all") == ([0, 1], None)


def test_what_cannot_be_used_has_a_reason() -> None:
    assert choose_hand(seen(), "largest") == ([], "no hand")
    assert choose_hand(seen(hand(OPEN), hand(ONE)), "only") == ([], "two hands")
    assert choose_hand(seen(hand(OPEN) / 10), "largest") == ([], "too small")


def test_pictures_are_seen_through_perception_once_and_then_remembered(tmp_path: Path, assets: Path) -> None:
    from livefg.sources import open_source

    (tmp_path / "pictures" / "palm").mkdir(parents=True)
    with open_source("demo") as demo:
        frame = next(frame for frame in demo if frame.index == 60)
    Image.fromarray(frame.image).save(tmp_path / "pictures" / "palm" / "a.png")
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(tmp_path / "pictures" / "palm" / "grey.png")
    (tmp_path / "pictures" / "palm" / "torn.jpg").write_bytes(b"\xff\xd8\xff no picture")
    entry = folder_as_dataset(tmp_path / "pictures")
    cache = tmp_path / "cache"
    first = gather(entry, cache=cache)
    assert len(first.samples) == 1
    assert first.samples.has_depth.all()
    assert first.reasons() == {"pictures": {"no hand": 1, "unreadable": 1}}
    with PictureReader(cache) as reader:
        again = reader.read(tmp_path / "pictures" / "palm" / "a.png")
        assert reader._pipeline is None
    assert again[0].landmarks[0].shape == (21, 3)
    assert gather(entry, cache=cache).samples.landmarks == pytest.approx(first.samples.landmarks)
