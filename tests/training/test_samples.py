"""The table of samples, on disk and in memory."""

from pathlib import Path

import numpy as np
import pytest

from livefg.errors import LivefgError
from tests.training.hands import ONE, OPEN, hand, many
from training.samples import Samples

TWO = {"open_palm": OPEN, "pointing_up": ONE}


def test_what_is_not_known_is_not_a_number() -> None:
    flat = Samples.build(hand(ONE)[None, :, :2], ["one"], source="s", licence="MIT")
    assert np.isnan(flat.landmarks[..., 2]).all()
    assert np.isnan(flat.world).all()
    assert np.isnan(flat.right).all()
    assert not flat.has_depth.any()
    assert many(TWO).has_depth.all()


def test_person_and_session_default_to_the_source() -> None:
    one = Samples.build(hand(ONE)[None], ["one"], source="s", licence="MIT")
    assert (one.person[0], one.session[0]) == ("s", "s")


def test_a_table_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    before = many(TWO)
    before.save(tmp_path / "t.npz")
    after = Samples.load(tmp_path / "t.npz")
    assert np.array_equal(before.landmarks, after.landmarks)
    assert np.array_equal(before.world, after.world)
    assert before.person.tolist() == after.person.tolist()
    assert before.counts() == after.counts()


def test_half_the_digits_make_a_smaller_file_that_is_still_right(tmp_path: Path) -> None:
    before = many(TWO)
    before.save(tmp_path / "full.npz")
    before.save(tmp_path / "half.npz", half=True)
    assert (tmp_path / "half.npz").stat().st_size < 0.7 * (tmp_path / "full.npz").stat().st_size
    assert Samples.load(tmp_path / "half.npz").landmarks == pytest.approx(before.landmarks, abs=0.2)


def test_a_plain_table_of_landmarks_and_labels_can_be_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", landmarks=hand(ONE)[None], label=np.array(["one"]))
    loaded = Samples.load(tmp_path / "plain.npz", licence="CC0-1.0")
    assert (loaded.source[0], loaded.licence[0], loaded.label[0]) == ("plain", "CC0-1.0", "one")


def test_relabelling_renames_and_leaves_out() -> None:
    found = many(TWO, count=5).relabelled({"open_palm": "palm"}.get)
    assert found.counts() == {"palm": 5}


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="right has shape"):
        Samples.build(hand(ONE)[None], ["one"], right=[1.0, 0.0], source="s", licence="MIT")
    with pytest.raises(ValueError, match="not a number"):
        Samples.build(hand(ONE)[None] * np.nan, ["one"], source="s", licence="MIT")


@pytest.mark.parametrize("content", [b"", b"no npz at all"])
def test_a_damaged_file_is_named_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(LivefgError, match=r"broken\.npz cannot be read as a table of samples"):
        Samples.load(path)


def test_pickled_content_is_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "sly.npz"
    np.savez(path, landmarks=np.array([{"a": 1}], object), label=np.array(["x"]))
    with pytest.raises(LivefgError, match=r"sly\.npz"):
        Samples.load(path)
