"""The dataset file: which sources make up a training set, what their labels mean, and who is in them.

format = 1
name = "my gestures"
labels = ["none", "ok"]                # optional: the order, and a check on the names below

[[sources]]
name = "office"
kind = "pictures"                      # class folders; or "table", "samples" (a file that livefg wrote), "posed"
path = "pictures/office"               # relative to the data folder; tables may use * for several files, and
                                       # "package:FILE" is a file that comes with livefg
licence = "CC0-1.0"
mirrored = false                       # pictures or tables made from a selfie view
person = "anna"                        # default: the source's name
hand = "largest"                       # which one, if there are two
[sources.labels]                       # as written in the source = the gesture's name; "" leaves it out
okay = "ok"
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from livefg.errors import LivefgError
from livefg.sources.images import is_image
from training.directions import Direction, point_where_named
from training.posed import posed_hands
from training.samples import Rejection, Samples
from training.sources.pictures import HandChoice, PictureReader, choose_hand
from training.sources.tables import Layout, read_table

__all__ = ["DatasetFile", "Gathered", "SourceEntry", "folder_as_dataset", "gather", "with_pictures_only"]

Kind = Literal["pictures", "table", "samples", "posed"]
Progress = Callable[[str, int, int], None]
"""Takes the source's name, how many of its items are done, and how many there are."""

_FORMAT = 1
_PACKAGE = "package:"
_SHIPPED = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source of a dataset file; the module's text explains the fields.

    `session` is a regular expression on the item's name whose first group names the session, and the person with
    `person_is_session`; `take` cuts the rows of each label into sessions of so many neighbours, for tables whose
    neighbouring rows are nearly the same. `every` takes one frame in so many of a clip. `label` names all that is in
    a source without classes. `items` says what single files show, by patterns with *, whatever their folder says.
    """

    name: str
    kind: Kind
    path: str
    licence: str
    attribution: str = ""
    mirrored: bool = False
    person: str = ""
    session: str = ""
    person_is_session: bool = False
    take: int = 0
    count: int = 500
    every: int = 5
    hand: HandChoice = "only"
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """A dataset file and the folder that its paths start from."""

    name: str
    root: Path
    sources: tuple[SourceEntry, ...]
    labels: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()

    @classmethod
    def read(cls, path: Path, root: Path | None = None) -> DatasetFile:
        """Read a dataset file; `root` defaults to its own folder. Raises LivefgError that says what is wrong."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise LivefgError(f"The dataset file {path} cannot be read ({error}).") from error
        if data.get("format") != _FORMAT:
            raise LivefgError(
                f"The dataset file {path} has format {data.get('format')!r}; {_FORMAT} is needed."
            )
        _refuse_unknown(
            data, {"format", "name", "labels", "sources", "directions"}, f"The dataset file {path}"
        )
        entries = tuple(_entry(entry, path) for entry in data.get("sources", []))
        if not entries:
            raise LivefgError(f"The dataset file {path} names no [[sources]].")
        labels = tuple(data.get("labels", ()))
        for entry in entries:
            strange = {name for name in (*entry.labels.values(), *entry.items.values()) if name} - set(labels)
            if labels and strange:
                raise LivefgError(
                    f"The dataset file {path} uses {min(strange)!r} in {entry.name}, which is not among its labels."
                )
        directions = tuple(_direction(one, path) for one in data.get("directions", []))
        return cls(str(data.get("name", path.stem)), root or path.parent, entries, labels, directions)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything a dataset file gave: the samples, and what was left out and why."""

    samples: Samples
    rejections: tuple[Rejection, ...]

    def reasons(self) -> dict[str, dict[str, int]]:
        """How many items of each source were left out for which reason."""
        counts: dict[str, Counter[str]] = {}
        for rejection in self.rejections:
            counts.setdefault(rejection.source, Counter())[rejection.reason] += 1
        return {source: dict(reasons.most_common()) for source, reasons in counts.items()}


def folder_as_dataset(folder: Path) -> DatasetFile:
    """A folder without a dataset file: its subfolders are the classes, or it holds tables of samples.

    Raises LivefgError if it holds neither.
    """
    tables = sorted(folder.glob("*.npz"))
    sources = [SourceEntry(table.stem, "samples", table.name, licence="the user's own") for table in tables]
    if any(inner.is_dir() for inner in folder.iterdir()):
        sources.append(SourceEntry(folder.name, "pictures", ".", licence="the user's own", hand="largest"))
    if not sources:
        raise LivefgError(
            f"{folder} holds no examples: a folder a class is needed, or a dataset file (.toml)."
        )
    return DatasetFile(folder.name, folder, tuple(sources))


def gather(
    dataset: DatasetFile,
    progress: Progress | None = None,
    cache: Path | None = None,
    *,
    pictures: bool = False,
) -> Gathered:
    """Read all sources of a dataset, with `pictures` of the hands where a source has them.

    Raises LivefgError if a source is missing or cannot be read at all.
    """
    tables: list[Samples] = []
    rejections: list[Rejection] = []
    readers = {
        "pictures": _gather_pictures,
        "table": _gather_tables,
        "samples": _gather_samples,
        "posed": _gather_posed,
    }
    for entry in dataset.sources:
        found, refused = readers[entry.kind](entry, dataset.root, progress or _silent, cache, pictures)
        tables.append(found)
        rejections += refused
    samples = Samples.concatenate(tables)
    return Gathered(point_where_named(samples, dataset.directions), tuple(rejections))


def with_pictures_only(gathered: Gathered, *, needed: bool = True) -> Gathered:
    """What was gathered without the hands of which there is no picture, if one is needed; these are rejections."""
    samples = gathered.samples
    if not needed:
        return gathered
    lacking = samples.take(~samples.has_crop)
    refused = tuple(
        Rejection(source, item, "no picture of the hand")
        for source, item in zip(lacking.source.tolist(), lacking.item.tolist(), strict=True)
    )
    return Gathered(samples.take(samples.has_crop), gathered.rejections + refused)


def _silent(source: str, done: int, total: int) -> None:
    """No progress is shown."""


def _gather_pictures(
    entry: SourceEntry, root: Path, progress: Progress, cache: Path | None, pictures: bool
) -> tuple[Samples, list[Rejection]]:
    folder = root / entry.path
    if not folder.exists():
        raise LivefgError(f"The source {entry.name} has no folder {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_material(path))
    parts: list[Samples] = []
    rejections: list[Rejection] = []
    with PictureReader(cache, entry.every, crops=pictures) as reader:
        for number, file in enumerate(files):
            progress(entry.name, number, len(files))
            item = file.relative_to(folder).as_posix()
            written = entry.label or file.parent.relative_to(folder).as_posix()
            label = _shown(entry, item, written)
            if label is None:
                rejections.append(
                    Rejection(entry.name, item, f"label {written!r} has no name in the dataset file")
                )
            if not label:
                continue
            for seen in reader.read(file):
                name = f"{item}#{seen.item.frame}" if not is_image(file) else item
                hands, fault = choose_hand(seen, entry.hand)
                if fault:
                    rejections.append(Rejection(entry.name, name, fault.split(":")[0]))
                elif hands:
                    parts.append(
                        Samples.build(
                            seen.landmarks[hands],
                            [label] * len(hands),
                            world=seen.world[hands],
                            right=seen.right[hands],
                            source=entry.name,
                            licence=entry.licence,
                            person=_session(entry, name)
                            if entry.person_is_session
                            else entry.person or entry.name,
                            session=_session(entry, name),
                            item=[name] * len(hands),
                            pictures=None if seen.crops is None else seen.crops[hands],
                        )
                    )
    progress(entry.name, len(files), len(files))
    return Samples.concatenate(parts), rejections


def _gather_tables(
    entry: SourceEntry, root: Path, progress: Progress, cache: Path | None, pictures: bool
) -> tuple[Samples, list[Rejection]]:
    del cache, pictures
    files = _files(entry, root)
    parts: list[Samples] = []
    rejections: list[Rejection] = []
    for number, file in enumerate(files):
        progress(entry.name, number, len(files))
        rows = read_table(file, entry.layout, entry.name)
        rejections += rows.rejections
        right = 1 - rows.right if entry.mirrored else rows.right
        meanings = [_meaning(entry, label) for label in rows.label]
        rejections += [
            Rejection(
                entry.name, f"{file.name} row {row}", f"label {label!r} has no name in the dataset file"
            )
            for row, label, meaning in zip(rows.row, rows.label, meanings, strict=True)
            if meaning is None
        ]
        kept = np.array([bool(meaning) for meaning in meanings], bool)
        items = [f"{file.name} row {row}" for row in rows.row]
        sessions = (
            _blocks(entry, file, rows.label)
            if entry.take
            else [_session(entry, f"{file.name} {label}") for label in rows.label]
        )
        parts.append(
            Samples.build(
                rows.points[kept],
                [meaning for meaning in meanings if meaning],
                right=right[kept],
                source=entry.name,
                licence=entry.licence,
                person=entry.person or entry.name,
                session=np.array(sessions, np.str_)[kept].tolist(),
                item=np.array(items, np.str_)[kept].tolist(),
            )
        )
    progress(entry.name, len(files), len(files))
    return Samples.concatenate(parts), rejections


def _gather_samples(
    entry: SourceEntry, root: Path, progress: Progress, cache: Path | None, pictures: bool
) -> tuple[Samples, list[Rejection]]:
    del cache
    files = _files(entry, root)
    found = Samples.concatenate(
        Samples.load(file, source=entry.name, licence=entry.licence, pictures=pictures) for file in files
    )
    progress(entry.name, len(files), len(files))
    return found.relabelled(lambda label: entry.labels.get(label, label) or None), []


def _gather_posed(
    entry: SourceEntry, root: Path, progress: Progress, cache: Path | None, pictures: bool
) -> tuple[Samples, list[Rejection]]:
    del root, pictures
    found = posed_hands(
        entry.count,
        source=entry.name,
        licence=entry.licence,
        progress=partial(progress, entry.name),
        cache_folder=cache,
    )
    return found.relabelled(lambda label: entry.labels.get(label, label) or None), []


def _files(entry: SourceEntry, root: Path) -> list[Path]:
    """The files that a source's path means, at least one."""
    shipped = entry.path.removeprefix(_PACKAGE)
    files = [_SHIPPED / shipped] if shipped != entry.path else sorted(root.glob(entry.path))
    if not files or not files[0].exists():
        raise LivefgError(f"The source {entry.name} has no file {files[0] if files else root / entry.path}.")
    return files


def _is_material(path: Path) -> bool:
    return is_image(path) or path.suffix.lower() in {".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v"}


def _meaning(entry: SourceEntry, written: str) -> str | None:
    """The gesture's name, an empty text if it is left out on purpose, None if the file says nothing about it."""
    return entry.labels.get(written) if entry.labels else entry.label or written


def _shown(entry: SourceEntry, item: str, written: str) -> str | None:
    """What a file shows: as said for itself, or as its folder's label means."""
    for pattern, label in entry.items.items():
        if fnmatch(item, pattern):
            return label
    return _meaning(entry, written)


def _session(entry: SourceEntry, item: str) -> str:
    found = re.search(entry.session, item) if entry.session else None
    part = found.group(1) if found else ""
    return f"{entry.person or entry.name}/{part}" if part else entry.person or entry.name


def _blocks(entry: SourceEntry, file: Path, labels: list[str]) -> list[str]:
    """A session for each `take` neighbouring rows of one label."""
    seen: Counter[str] = Counter()
    sessions = []
    for label in labels:
        sessions.append(f"{entry.person or entry.name}/{file.stem}/{label}/{seen[label] // entry.take}")
        seen[label] += 1
    return sessions


def _entry(data: Mapping[str, Any], path: Path) -> SourceEntry:
    name = data.get("name", "without a name")
    where = f"The source {name!r} of {path}"
    for key in ("name", "kind", "path", "licence"):
        if not isinstance(data.get(key), str):
            raise LivefgError(f"{where} lacks {key!r}.")
    if data["kind"] not in get_args(Kind):
        raise LivefgError(f"{where} has the kind {data['kind']!r}; {', '.join(get_args(Kind))} can be had.")
    if data.get("hand", "only") not in get_args(HandChoice):
        raise LivefgError(f"{where} has hand = {data['hand']!r}; one of {', '.join(get_args(HandChoice))}.")
    _refuse_unknown(data, {one.name for one in fields(SourceEntry)}, where)
    layout = data.get("layout", {})
    _refuse_unknown(layout, {one.name for one in fields(Layout)}, f"The layout of {where}")
    if layout.get("label") == "file":
        layout = {**layout, "label": None}
    return SourceEntry(**{**data, "layout": Layout(**layout)})


def _direction(data: Mapping[str, Any], path: Path) -> Direction:
    where = f"A direction in {path}"
    known = {one.name for one in fields(Direction)}
    _refuse_unknown(data, known, where)
    missing = sorted(known - set(data))
    if missing:
        raise LivefgError(f"{where} lacks {missing[0]!r}.")
    return Direction(**data)


def _refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(data) - known)
    if strange:
        raise LivefgError(
            f"{where} has {strange[0]!r}, which means nothing (known: {', '.join(sorted(known))})."
        )
