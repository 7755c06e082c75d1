"""A gallery as the bytes of a file: a line about the file, then a line of JSON for each person.

The first line holds the SHA-256 of all others, so that a file cut short or changed is noticed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

import numpy as np

from livefg.errors import LivefgError
from livefg.gallery.people import Gallery, Person, Portrait, check_name
from livefg.recognition.identity_embedding import EMBEDDING_SIZE, embedding_space

__all__ = ["GALLERY_FORMAT", "decode", "encode"]

GALLERY_FORMAT = 1
"""Version of the file; raised when an older livefg could not read it rightly."""
_KIND = "livefg gallery"
_LENGTH_TOLERANCE = 0.01


def encode(gallery: Gallery) -> bytes:
    """The bytes of a file with this gallery; embeddings are stored as float16."""
    lines = "".join(_line(_person_to_json(person)) for person in gallery.people).encode()
    head = {
        "kind": _KIND,
        "format": GALLERY_FORMAT,
        "space": embedding_space(),
        "people": len(gallery),
        "sha256": hashlib.sha256(lines).hexdigest(),
    }
    return _line(head).encode() + lines


def decode(content: bytes, source: str) -> Gallery:
    """The gallery in a file's bytes; `source` names the file in messages.

    Raises LivefgError in one sentence if it is no gallery, is damaged, or is of another version or embedder.
    """
    first, _, lines = content.partition(b"\n")
    try:
        head = json.loads(first)
        if head["kind"] != _KIND:
            raise ValueError("another kind of file")
        version, space, digest = head["format"], head["space"], head["sha256"]
    except (ValueError, KeyError, TypeError):
        raise LivefgError(
            f"{source} is damaged, or no livefg gallery; nothing was changed in it: put a copy in its place, or "
            "move it away and enrol again."
        ) from None
    if version != GALLERY_FORMAT:
        raise LivefgError(f"{source} has format {version!r}; this livefg reads {GALLERY_FORMAT}.")
    if digest != hashlib.sha256(lines).hexdigest():
        raise LivefgError(
            f"{source} is damaged: its content does not match its checksum; nothing was changed in it: put a copy in "
            "its place, or move it away and enrol again."
        )
    if space != embedding_space():
        raise LivefgError(
            f"{source} was made with another face network ({space} where this livefg has {embedding_space()}); "
            "move it away and enrol again."
        )
    try:
        return Gallery.of(_person_from_json(json.loads(line)) for line in lines.splitlines())
    except (ValueError, KeyError, TypeError, LivefgError) as error:
        raise LivefgError(f"{source} has an entry that cannot be understood ({error}).") from error


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def _person_to_json(person: Person) -> dict[str, Any]:
    return {"name": person.name, "portraits": [_portrait_to_json(portrait) for portrait in person.portraits]}


def _portrait_to_json(portrait: Portrait) -> dict[str, Any]:
    data = {
        "embedding": base64.b64encode(portrait.embedding.astype("<f2").tobytes()).decode(),
        "quality": round(portrait.quality, 3),
        "added": portrait.added.isoformat(),
    }
    if portrait.thumbnail is not None:
        data["thumbnail"] = base64.b64encode(portrait.thumbnail).decode()
    return data


def _person_from_json(data: dict[str, Any]) -> Person:
    portraits = tuple(_portrait_from_json(portrait) for portrait in data["portraits"])
    if not portraits:
        raise ValueError("a person without portraits")
    return Person(check_name(data["name"]), portraits)


def _portrait_from_json(data: dict[str, Any]) -> Portrait:
    embedding = np.frombuffer(base64.b64decode(data["embedding"], validate=True), "<f2").astype(np.float32)
    length = float(np.linalg.norm(embedding))
    if embedding.shape != (EMBEDDING_SIZE,) or not abs(length - 1) < _LENGTH_TOLERANCE:
        raise ValueError("an embedding that is none")
    thumbnail = data.get("thumbnail")
    return Portrait(
        embedding / np.float32(length),
        float(data["quality"]),
        datetime.fromisoformat(data["added"]),
        None if thumbnail is None else base64.b64decode(thumbnail, validate=True),
    )
