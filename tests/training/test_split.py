"""Nobody is on both sides of a split."""

from dataclasses import replace

import numpy as np
import pytest

from livefg.errors import LivefgError
from tests.training.hands import FIST, ONE, OPEN, many
from training.samples import Samples
from training.split import leave_one_out, split, split_as_data_allow

SAMPLES = many({"none": OPEN, "closed_fist": FIST, "pointing_up": ONE}, count=40, people=4)


@pytest.mark.parametrize("by", ["person", "session"])
def test_a_person_or_session_is_on_one_side_only(by: str) -> None:
    sides = split(SAMPLES, by)  # type: ignore[arg-type]
    training, validation = (
        set(getattr(SAMPLES, by)[rows].tolist()) for rows in (sides.training, sides.validation)
    )
    assert training
    assert validation
    assert not training & validation


def test_every_row_is_on_exactly_one_side_and_every_label_on_both() -> None:
    sides = split(SAMPLES, "person")
    assert sorted([*sides.training, *sides.validation]) == list(range(len(SAMPLES)))
    for rows in (sides.training, sides.validation):
        assert set(SAMPLES.label[rows].tolist()) == {"none", "closed_fist", "pointing_up"}


def test_the_same_seed_gives_the_same_split_and_says_how() -> None:
    first, again = split(SAMPLES, "person", seed=3), split(SAMPLES, "person", seed=3)
    assert np.array_equal(first.validation, again.validation)
    assert "by person" in first.how


def test_a_row_split_mixes_everybody() -> None:
    sides = split(SAMPLES, "row")
    assert set(SAMPLES.person[sides.training].tolist()) & set(SAMPLES.person[sides.validation].tolist())
    assert len(sides.validation) == pytest.approx(0.2 * len(SAMPLES), rel=0.3)


def test_one_person_alone_cannot_be_split_by_person() -> None:
    with pytest.raises(LivefgError, match="No person can be put aside"):
        split(many({"ok": ONE}, people=1), "person")


def test_each_source_is_left_out_once() -> None:
    other = replace(SAMPLES, source=np.full(len(SAMPLES), "other"))
    both = Samples.concatenate([SAMPLES, other])
    found = dict(leave_one_out(both))
    assert set(found) == {"made_up", "other"}
    assert set(both.source[found["other"].validation].tolist()) == {"other"}
    assert set(both.source[found["other"].training].tolist()) == {"made_up"}


def test_every_label_is_examined_as_its_examples_allow() -> None:
    mine = many({"ok": ONE}, count=20, people=1)
    twice = many({"fist": FIST}, count=20, people=1)
    twice = replace(twice, session=np.array(["monday"] * 10 + ["friday"] * 10))
    sides = split_as_data_allow(Samples.concatenate([SAMPLES, mine, twice]))
    table = Samples.concatenate([SAMPLES, mine, twice])
    for rows in (sides.training, sides.validation):
        assert set(table.label[rows].tolist()) == {"none", "closed_fist", "pointing_up", "ok", "fist"}
    assert len(set(table.session[sides.validation][table.label[sides.validation] == "fist"].tolist())) == 1
    assert "by session: fist" in sides.how
    assert "the figures flatter: ok" in sides.how


def test_nobody_is_put_aside_whom_a_label_needs() -> None:
    people = np.array(["anna"] * 10 + ["ben"] * 10)
    both = replace(many({"ok": ONE}, count=20), person=people)
    only = replace(many({"fist": FIST}, count=10), person=np.full(10, "ben"))
    sides = split(Samples.concatenate([both, only]), "person", share=0.5)
    assert set(Samples.concatenate([both, only]).label[sides.training].tolist()) == {"ok", "fist"}
