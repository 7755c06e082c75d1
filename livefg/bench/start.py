"""How long it takes from the start of a process to the first annotated frame of the demo clip."""

from __future__ import annotations

import subprocess
import sys
import time

from livefg.errors import LivefgError

__all__ = ["seconds_to_first_frame"]

# What `livefg live` does until its first picture is drawn, in a fresh interpreter.
_PROGRAM = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import livefg
with ThreadPoolExecutor(1) as executor:
    opening = executor.submit(livefg.open_source, "demo", live=True)
    with livefg.Pipeline(livefg.PipelineSettings(device=sys.argv[1])) as pipeline, opening.result() as source:
        from livefg.overlay import Overlay
        frame = next(iter(source))
        Overlay().compose(frame, pipeline.process(frame))
        print(time.time())
"""


def seconds_to_first_frame(device: str = "auto", runs: int = 3) -> list[float]:
    """Seconds from starting a process to its first frame with the overlay drawn, run after run.

    The first run may have to read the program from disk. Raises LivefgError if a run fails.
    """
    found = []
    for _ in range(runs):
        begun = time.time()
        ran = subprocess.run(
            [sys.executable, "-c", _PROGRAM, device], capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise LivefgError(
                f"A fresh livefg did not start ({(ran.stderr.strip().splitlines() or ['?'])[-1]})."
            )
        found.append(round(float(ran.stdout) - begun, 3))
    return found
