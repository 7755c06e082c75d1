"""What is known of a long film does not fill the memory: rows on the disk, scores smoothed piece by piece."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from films import face, film, hand, highest

from livefg.recorded import smoothing
from livefg.recorded.decisions import decide
from livefg.recorded.rows import RowFile, Rows
from livefg.recorded.smoothing import smooth_scores, smoothing_pieces

COUNT = 1000


def test_rows_come_back_in_any_order_and_grow_wider(tmp_path: Path) -> None:
    file = RowFile(tmp_path)
    rows, others = Rows(file), Rows(file)
    expected = np.zeros((COUNT, 6), np.float32)
    for number in range(COUNT):
        width = 4 if number < 300 else 6
        expected[number, :width] = np.arange(width) + number
        rows.append(expected[number, :width])
        others.append([number])
    assert (len(rows), len(others)) == (COUNT, COUNT)
    for number in (999, 0, 255, 256, 700, 3):
        assert np.array_equal(rows.slice(number, number + 1, 6)[0], expected[number])
        assert others.value(number, 0) == number
        assert rows.value(number, 5) == expected[number, 5]
    assert np.array_equal(rows.slice(200, 900, 6), expected[200:900])
    assert np.array_equal(rows.slice(200, 900, 2), expected[200:900, :2])
    assert np.array_equal(np.concatenate(list(rows.column(5, 10, 990))), expected[10:990, 5])
    assert list(tmp_path.iterdir()) == []  # nothing is left behind where the process is killed


def test_scores_smoothed_piece_by_piece_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "_PIECE", 64)
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.choice([0.01, 0.033, 0.034, 0.5], COUNT))
    scores = rng.random((COUNT, 5)).astype(np.float32)
    pieces = [
        smooth_scores(times[piece.begin : piece.until], scores[piece.begin : piece.until], like=times)[
            piece.first - piece.begin : piece.end - piece.begin
        ]
        for piece in smoothing_pieces(times)
    ]
    assert np.array_equal(np.concatenate(pieces), smooth_scores(times, scores))


def test_decisions_on_a_long_film_take_little_memory() -> None:
    labels = [f"gesture {number}" for number in range(30)]

    def scores(index: int) -> dict[str, float]:
        return {label: (index * 7 + place) % 31 / 1000 for place, label in enumerate(labels)}

    results = film(3000, lambda index: [hand(100 + index % 50, scores(index))], lambda _: [face(50)])
    taken = []
    for length in (1000, 3000):
        gc.collect()
        tracemalloc.start()
        decisions = decide(iter(results[:length]), highest)
        gc.collect()
        taken.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert len(decisions.hands) == 1
    assert (taken[1] - taken[0]) / 2000 < 120  # bytes a frame
