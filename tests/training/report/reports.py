"""Made-up hands, answers and reports for the tests of the report."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from training.calibration import softmax
from training.evaluation import Evaluation, evaluate, under_conditions
from training.report import Curve, Report, Table
from training.report.gestures import data_of, strips_of, thumbnails_of
from training.samples import Samples

LABELS = ("none", "open_palm", "closed_fist", "手势", "إشارة", "<b>&amp;", "$x_1$", "👍")
_VOID = {"meta", "img", "br", "link", "input", "hr"}


def some_hands(labels=LABELS, each=12, seed=0):
    """Hands at random around one open hand; a third of them comes from a second source."""
    rng = np.random.default_rng(seed)
    hand = np.zeros((21, 3), np.float32)
    for finger in range(5):
        angle = np.radians(-150 + 30 * finger)
        for joint in range(4):
            hand[1 + 4 * finger + joint, :2] = (60 + 25 * joint) * np.array([np.cos(angle), np.sin(angle)])
    names = [label for label in labels for _ in range(each)]
    points = hand + rng.normal(0, 4, (len(names), 21, 3)).astype(np.float32) + 200
    half = Samples.build(
        points, names, world=points / 1000, right=np.ones(len(names)), source="first", licence="CC0-1.0"
    )
    source = np.where(np.arange(len(names)) % 3 == 0, "second", "first")
    return replace(half, source=source, item=np.array([f"{row}.png" for row in range(len(names))]))


def some_logits(samples, labels=LABELS, seed=1):
    """Answers that are mostly right."""
    rng = np.random.default_rng(seed)
    shown = np.array([labels.index(label) for label in samples.label.tolist()])
    return 4.0 * np.eye(len(labels))[shown] + rng.normal(0, 1.6, (len(samples), len(labels)))


def some_evaluation(samples, labels=LABELS):
    """With everything that an evaluation can hold."""
    logits = some_logits(samples, labels)
    rng = np.random.default_rng(2)
    found = evaluate(samples, softmax(logits, 1.4), labels, 0.6, before=softmax(logits))
    conditions = under_conditions(samples, lambda batch: rng.random((len(batch.label), len(labels))), labels)
    return replace(found, conditions=conditions, about={"split": "by person: 2 of 9 put aside, seed 0"})


def full_report():
    """A report with every section."""
    samples = some_hands()
    evaluation = some_evaluation(samples)
    return Report(
        "Gestures of <Ünal & Söhne>",
        evaluation,
        facts=[("Device", "cpu"), ("Network", "2 hidden layers, relu")],
        curves=[
            Curve("loss", "training", [2.0, 1.0, 0.5]),
            Curve("loss", "validation", [2.1, 1.2, 0.9]),
            Curve("accuracy", "validation", [0.4, 0.7, 0.8]),
        ],
        best_epoch=2,
        thumbnails=thumbnails_of(evaluation, samples),
        strips=strips_of(samples),
        conditions_note="Clutter is not among these.",
        data=data_of(samples, samples, {"first": "by Someone"}, {"second": {"no hand": 3}}),
        tables=[Table("Losses", ["Loss", "Accuracy"], [["focal", "91.0%"]], "One split.")],
        notes=["Recorded in one session, so the figures flatter."],
    )


def bare_report(**changes):
    """A report with nothing but what it must have."""
    found = Evaluation(
        labels=("happy", "sad"),
        hands=10,
        reject_threshold=0.0,
        accuracy=1.0,
        macro_f1=1.0,
        false_gestures=None,
        ece=0.1,
        ece_before=None,
        confusion=((6, 0), (0, 4)),
        per_label=(),
        per_source=(),
        reliability=(),
        reliability_before=(),
        roc=(),
        mistakes=(),
    )
    return Report("Expressions", **{"evaluation": found, **changes})


class Reader(HTMLParser):
    """Reads a page and refuses one whose elements are not closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open = []
        self.elements = []
        self.rows = []
        self.text = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def ids(self):
        """The anchors of the page."""
        return [found["id"] for _, found in self.elements if "id" in found]
