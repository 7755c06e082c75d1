"""What the model cards say about each network beyond what the file and the manifest tell by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FACTS", "Facts"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Text of one card: `title`, `purpose`, meaning of every input and output by name, `changes` that the
    conversion makes, known `limits`, and free Markdown `measured` on livefg's side.
    """

    title: str
    purpose: str
    values: Mapping[str, str]
    changes: tuple[str, ...]
    limits: tuple[str, ...]
    measured: str = ""


_PICTURE_CHANGE = (
    "The picture is taken as uint8; its scaling is part of the first convolution, which reads rows of bytes."
)
_PRELU_CHANGE = "PReLU is written as scalings of channels, which keeps ONNX Runtime's blocked CPU layout."
_UPSTREAM_DATA = (
    "MediaPipe's model cards describe the training data in general terms; the data is not public."
)

_PALM = Facts(
    title="Palm detector",
    purpose="Finds hands in a whole picture: a box and seven points of each palm, on 2016 fixed anchors.",
    values={
        "image": "RGB 0..255; the whole frame, fitted into the square with black borders",
        "boxes": "for each anchor: centre x, y, width, height, then seven points x, y; in pixels of the 192 by 192 "
        "picture, relative to the anchor's centre; as upstream gives them, not decoded",
        "scores": "logits; a sigmoid makes the probability that the anchor holds a palm",
    },
    changes=(
        _PICTURE_CHANGE,
        _PRELU_CHANGE,
        "A 1x1 convolution behind an enlargement is done before it: the same numbers for a quarter of the work.",
    ),
    limits=(
        "Small hands are missed: of 60 pictures of an open hand laid on an even ground, all were found at a third of "
        "the square's side, 47 at an eighth (24 pixels), 1 at a twelfth (16 pixels).",
        "Gloves, a hand holding something, and a hand seen edge-on are found less often.",
        "Anchors overlap: what it finds needs decoding and suppression of doubles, which livefg does.",
        _UPSTREAM_DATA,
    ),
)

_HAND = Facts(
    title="Hand landmarks",
    purpose="21 points of one hand in an upright crop of it, with presence and handedness.",
    values={
        "image": "RGB 0..255; a square crop around one hand, turned so that wrist to middle finger points up",
        "landmarks": "x, y in pixels of the crop (0..224), z in the same unit, zero at the wrist, smaller is nearer",
        "presence": "probability 0..1 that the crop holds a hand",
        "handedness": "probability 0..1 that it looks like a right hand in a picture that is not mirrored",
        "world": "the same points in metres, with the hand's middle as the origin",
    },
    changes=(_PICTURE_CHANGE, "Outputs are named and shaped as points."),
    limits=(
        "z is relative and much less exact than x and y.",
        "Handedness is doubtful for a fist or a hand seen edge-on: decide it over several frames.",
        "Fingers hidden behind others are guessed.",
        _UPSTREAM_DATA,
    ),
)

_GESTURE_VALUES = {
    "landmarks": "the 21 points of a hand: x, y in pixels of a picture that is not stretched, z in the same unit",
    "world": "the 21 points in metres; upstream declares this input but does not read it",
    "right": "probability that it is a right hand in a picture that is not mirrored; declared but not read either",
}
_GESTURE_CHANGES = (
    "MediaPipe's steps before the network (points relative to the wrist, in units of the hand's longer side) are "
    "part of the graph.",
    "In an upright picture MediaPipe measures z in widths but x and y in heights; here all three have one unit, so "
    "that turning the camera changes nothing. In wide and square pictures both agree.",
)

_CANNED_MEASURED = """\
Every hand that livefg found in three sets of pictures of people whom the network, as far as is known, has not seen;
labels that are no gesture here count as `none`, and so do answers below one half.

| pictures | hands | right | gestures found | gesture seen in `none` | ECE |
| --- | --- | --- | --- | --- | --- |
| images_14_classes, 2 or 3 people in a room | 579 | 0.888 | 0.938 | 0.147, most of it `call` as `thumb_up` | 0.10 |
| sparrow_photos, 1 person | 170 | 0.847 | 0.816 | 0.029 | 0.17 |
| images_digits, 218 people | 992 | 0.974 | 0.966 | 0.023 | 0.13 |

On 194 hands MediaPipe 1.2.2 itself gave the same label each time, and probabilities within 2.1e-6."""

_FACES_MEASURED = """\
Verification (all pairs of pictures: same person or not) after detection with `face_detector`, against the other
candidate, the dlib network in face-api.js (150 by 150, uint8 weights), which was aligned with `face_mesh` as it needs:

| pictures | pairs same / different | this network: AUC, EER | dlib network: AUC, EER |
| --- | --- | --- | --- |
| LFW, 10 people | 450 / 4500 | 0.99999, 0.0019 | 0.99955, 0.0133 |
| ORL, 20 people | 900 / 19000 | 1.00000, 0.0000 | 0.99992, 0.0044 |
| 8 actors, 150-pixel grey crops | 80 / 700 | 0.99970, 0.0014 | 1.00000, 0.0000 |
| 5 people, press pictures | 8 / 47 | 1.00000, 0.0000 | 1.00000, 0.0000 |
| all | 1438 / 59987 | 0.99999, 0.0014 | 0.99966, 0.0097 |

This one ships; the dlib network is about three times as fast and a third of the size.
Rates are equal at a cosine near 0.36. The LFW pictures shrunk to a width of the face:

| width in pixels | faces found | EER | cosine of the same person, 5th percentile | of others, 99th |
| --- | --- | --- | --- | --- |
| 96 (median, not shrunk) | 100 of 100 | 0.002 | 0.53 | 0.32 |
| 48 | 100 | 0.002 | 0.54 | 0.32 |
| 32 | 100 | 0.005 | 0.44 | 0.32 |
| 24 | 100 | 0.020 | 0.37 | 0.34 |
| 16 | 93 | 0.098 | 0.18 | 0.34 |"""

_EXPRESSIONS_MEASURED = """\
Press photographs of muxspace/facial_expressions (Apache-2.0; grey LFW pictures, labelled by students: the labels are
noisy), whose faces livefg found; the temperature was measured on four fifths of the people, the other fifth judged, in
turns. The small faces are the same ones, cut out, grey and 48 or 32 pixels wide; blurred with a deviation of one of
these pixels; at a quarter of the light. Made by `python -m training.expressions --data DIR` with the graph that ships.

| pictures | faces | right | ECE | neutral | happy | sad | angry | fearful | disgusted | surprised |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 250 pixels | 939 | 0.749 | 0.039 | 0.75 | 0.91 | 0.67 | 0.78 | 0.33 of 6 | 0.50 of 10 | 0.63 |
| 48 pixels, grey | 938 | 0.732 | 0.033 | 0.72 | 0.91 | 0.65 | 0.71 | 0.33 of 6 | 0.40 of 10 | 0.66 |
| 32 pixels, grey | 938 | 0.677 | 0.034 | 0.68 | 0.86 | 0.66 | 0.64 | 0.17 of 6 | 0.50 of 10 | 0.56 |
| 48 pixels, blurred | 918 | 0.659 | 0.064 | 0.65 | 0.89 | 0.49 | 0.51 | 0.17 of 6 | 0.20 of 10 | 0.71 |
| 48 pixels, dark | 921 | 0.739 | 0.039 | 0.73 | 0.91 | 0.68 | 0.73 | 0.33 of 6 | 0.50 of 10 | 0.65 |

The film stills in the same set (small, dark, labelled by the scene rather than by the face) are not counted: 0.25 of
348 are right at 250 pixels, 0.26 of 295 at 48, with a confidence that is far too high there.

What was tried, on the same pictures at 250 and at 48 pixels, before tiny pictures were enlarged for the search, which
found 894 of the small faces instead of 938:

| what | right |
| --- | --- |
| upstream as it is, on the mesh's box | 0.70, 0.70 (ECE 0.18) |
| with the mirror image, on the square used now | 0.741, 0.724 |
| the same with even brightness and sharpness: what ships | 0.748, 0.733 |
| four more crops, averaged | 0.750, 0.730 before evening: not worth four times the time |
| blendshapes alone, a linear softmax fitted to other people of this set | 0.62, 0.64 |
| upstream's scores fitted likewise, without blendshapes | 0.77, 0.76 |
| the same with blendshapes | 0.77, 0.75 |
| other networks with an open licence: fer, human's emotion model, facex | 0.55, 0.53, 0.42 at 250 pixels |
| scores less the person's own average, 22 people with 211 pictures | 0.65 to 0.71, against 0.71 |

So blendshapes add nothing to the network, and a person's own average takes more away than it gives. Weights fitted to
these pictures are not shipped: they are press photographs, which serve checking only. The temperature is the one
number that was measured on them. The crop and the evening were chosen among some thirty variants on these same
pictures, so the figures flatter a little."""

FACTS = {
    "palm_detector": _PALM,
    "palm_detector_lite": Facts(
        "Palm detector, lite",
        _PALM.purpose + " Somewhat smaller and faster than `palm_detector`, and somewhat less exact.",
        _PALM.values,
        _PALM.changes,
        _PALM.limits,
    ),
    "hand_landmarks": _HAND,
    "hand_landmarks_lite": Facts(
        "Hand landmarks, lite",
        _HAND.purpose + " About twice as fast as `hand_landmarks`, and less exact.",
        _HAND.values,
        _HAND.changes,
        _HAND.limits,
    ),
    "face_mesh": Facts(
        title="Face mesh",
        purpose="478 points of one face, irises included, in an upright crop of it.",
        values={
            "image": "RGB 0..255; a square crop around one face, one and a half times its box, eyes level",
            "landmarks": "x, y in pixels of the crop (0..256), z in the same unit, smaller is nearer",
            "presence": "probability 0..1 that the crop holds a face (upstream gives its logit)",
        },
        changes=(
            _PICTURE_CHANGE,
            _PRELU_CHANGE,
            "The sigmoid of the presence is in the graph; the upstream output for a tongue that is out is left away.",
        ),
        limits=(
            "The hidden side of a face in profile is guessed.",
            "It answers for any crop: where there may be no face, presence has to be looked at.",
            _UPSTREAM_DATA,
        ),
    ),
    "blendshapes": Facts(
        title="Blendshapes",
        purpose="52 coefficients of facial movement (ARKit's names) from points of the face mesh.",
        values={
            "points": "x, y in pixels of 146 chosen mesh points, in MediaPipe's order; any place, size in the graph",
            "blendshapes": "coefficients 0..1; the first is the neutral face",
        },
        changes=(
            "Layer normalisations are single operators and products across points are taken from the left, which "
            "removes all transpositions.",
        ),
        limits=(
            "The coefficients are no probabilities and differ between people at rest.",
            "There is no `tongueOut`.",
            _UPSTREAM_DATA,
        ),
    ),
    "face_detector": Facts(
        title="Face detector (YuNet)",
        purpose="Finds faces of any size in a picture of any size: a box and five points of each.",
        values={
            "image": "RGB 0..255; height and width are multiples of 32",
            "scores": "0..1 for each anchor: the root of class score times objectness",
            "boxes": "for each anchor: offset of the centre and logarithm of width and height, in strides",
            "points": "for each anchor: offsets x, y of five points (eyes, nose tip, mouth corners; the one on the "
            "picture's left first) in strides",
        },
        changes=(
            "RGB instead of BGR; the swap is in the first convolution's weights.",
            "Any size and number of pictures instead of one of 640 by 640.",
            "The four heads of a level are one 1x1 and one channel-wise convolution, and the twelve outputs are three: "
            "anchors of stride 8, 16, 32 in this order, row by row.",
        ),
        limits=(
            "Trained on WIDER FACE, mostly upright faces; small ones are lost first: of 100 news photographs shrunk "
            "until the face was 24 pixels wide all were found, at 16 pixels 93, at 12 pixels 36.",
            "Time grows with the number of pixels: choose the size by the smallest face that matters.",
        ),
    ),
    "gesture_embedder": Facts(
        title="Gesture embedder",
        purpose="128 numbers that describe the shape of a hand: the base for gestures of one's own.",
        values={**_GESTURE_VALUES, "embedding": "128 numbers, 0 or more"},
        changes=_GESTURE_CHANGES,
        limits=(
            "It sees the points alone and is not told the side: the same gesture of a left and a right hand differs.",
            "A gesture is a still shape here; movement is not seen.",
            _UPSTREAM_DATA,
        ),
    ),
    "gesture_canned": Facts(
        title="MediaPipe's own gestures",
        purpose="Tells seven gestures and `none` apart; the graph holds the embedder and the classifier.",
        values={**_GESTURE_VALUES, "probabilities": "of the labels in the order below, with sum 1"},
        changes=_GESTURE_CHANGES,
        limits=(
            "A hand that telephones (thumb and little finger) is taken for `thumb_up`.",
            "The probabilities are too low for how often they are right (ECE above); they are left as MediaPipe gives "
            "them, so that both answer alike.",
            _UPSTREAM_DATA,
        ),
        measured=_CANNED_MEASURED,
    ),
    "face_embedder": Facts(
        title="Face embedder (SFace)",
        purpose="128 numbers that tell people apart: the cosine of two embeddings is high for the same person.",
        values={
            "image": "RGB 0..255; a face aligned by five points to the common 112 by 112 template",
            "embedding": "128 numbers of length 1",
        },
        changes=(
            _PICTURE_CHANGE,
            _PRELU_CHANGE,
            "Batch normalisations are folded into the layers beside them, and the result is brought to length 1.",
            "Weights are rounded to float16 in the file.",
        ),
        limits=(
            "The training data of the upstream file is not documented; differences between groups of people are "
            "unknown and must be expected.",
            "Channels are RGB: upstream's examples can be read as BGR, which silently costs accuracy.",
            "The pictures measured on show well-known people, whom upstream may have seen, and students of the 1990s.",
            "A threshold belongs to the gallery it was chosen on, and faces below some 32 pixels need a higher one.",
        ),
        measured=_FACES_MEASURED,
    ),
    "expression": Facts(
        title="Expressions (face-api)",
        purpose="Tells seven expressions of a face apart, with probabilities that are calibrated.",
        values={
            "image": "RGB 0..255; a face, level with its eyes, in a square of 2.6 times the distance from the eyes to "
            "the mouth around the middle between them",
            "probabilities": "of the labels in the order below, with sum 1",
        },
        changes=(
            "The picture is taken as uint8; subtracting the mean colour and scaling are part of the graph.",
            "Before that the graph brings brightness and contrast to their usual values and sharpens what is blurred: "
            "of dark faces 0.74 instead of 0.61 are right, of blurred ones 0.69 instead of 0.64.",
            "The face is looked at as it is and mirrored, and the logits are averaged, which gives 1.5 to 2 points "
            "more right answers.",
            "The logits are divided by a temperature, which changes no answer, only how sure it is.",
            "Weights, stored by upstream as scaled uint8, are rounded to float16 in the file.",
        ),
        limits=(
            "What a face shows is not what a person feels.",
            "The training data of the upstream file is described only in general terms; differences between groups of "
            "people are unknown and must be expected.",
            "`fearful` and `disgusted` are rare in what it was measured on: next to nothing is known of them.",
            "Anger is missed on small faces, and a resting face with lowered corners of the mouth reads as sad.",
            "Turned heads: fewer right answers, with lower probabilities (0.68 of them beyond 20 degrees).",
        ),
        measured=_EXPRESSIONS_MEASURED,
    ),
}
"""By the name of the network."""
