"""How many threads torch computes with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]

_lock = threading.Lock()
_inside = 0
_before = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch compute with one thread in each thread of ours.

    Networks as small as ours gain nothing by more, and where another program has a core, two threads that wait for each
    other take twenty times as long. Sums depend on their number, too.
    """
    global _inside, _before  # noqa: PLW0603 - torch has one setting for the whole process
    with _lock:
        if not _inside:
            _before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                torch.set_num_threads(_before)
