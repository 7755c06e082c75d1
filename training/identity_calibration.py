"""Fit what a cosine of two faces means, and write `models/identity_calibration.json`.

    python -m training.identity_calibration --data ../shared/data/faces

The embedding network is as its makers trained it. The pictures serve to see how its cosines are distributed, and only
the five numbers of that curve, its floor and a threshold are kept.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from livefg.recognition.identity_classifier import CALIBRATION_FORMAT, FEATURES
from livefg.recognition.identity_embedding import embedding_space
from training.files import write_whole
from training.identity.cache import gather, views_options
from training.identity.calibration import FALSE_NAMES, FITTED_FALSE_NAMES, fit
from training.options import out_option

__all__ = ["command"]


@click.command()
@views_options
@out_option("models/identity_calibration.json")
def command(data: Path, views: Path | None, out: Path) -> None:
    """Fit the calibration of identities on the pictures in DATA and write it."""
    seen = gather(data, views)
    calibration = fit(seen)
    content = {
        "format": CALIBRATION_FORMAT,
        "space": embedding_space(),
        "weights": dict(zip(FEATURES, calibration.weights, strict=True)),
        "floor": calibration.floor,
        "ceiling": calibration.ceiling,
        "threshold": calibration.threshold,
        "threshold_reason": f"{FITTED_FALSE_NAMES:.2%} of looks at strangers in news photographs get a name, the worst "
        "of galleries with 1, 5 and 20 people by 1, 3 and 5 pictures each: half of the "
        f"{FALSE_NAMES:.1%} that other people may reach",
        "prior": "one half for strangers, the other shared by the enrolled people",
        "fitted_on": {
            "views": int(seen.found.sum()),
            "people": len(set(seen.people.tolist())),
            "sets": sorted(set(seen.sets.tolist())),
            "note": "score distributions only; no picture and no embedding of these sets is in this file",
        },
        "created": datetime.now(UTC).date().isoformat(),
    }
    write_whole(out, (json.dumps(content, indent=2) + "\n").encode())
    click.echo(out)


if __name__ == "__main__":
    command()
