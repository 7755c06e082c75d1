"""Which classifier does a task: the user's choice, kept beside the user's own models, or the one that ships."""

from __future__ import annotations

import json
from pathlib import Path

from livefg import paths
from livefg.errors import LivefgError
from livefg.inference.classifier import Task
from livefg.inference.manifest import Manifest, ModelFile, find_model
from livefg.private_files import make_private_folder, remove_private, write_private

__all__ = ["CHOOSABLE", "choice_file", "choose", "chosen", "install", "model_for", "uninstall"]

# The first of these that ships does the task where the user chose nothing.
_SHIPPED: dict[Task, tuple[str, ...]] = {"gesture": ("gesture", "gesture_canned"), "motion": ("motion",)}
CHOOSABLE: tuple[Task, ...] = tuple(_SHIPPED)
"""The tasks for which one classifier is chosen; `motion` is that of hands."""


def choice_file() -> Path:
    """The file that holds the choices: a JSON object, the name of a network by task; it may not exist."""
    return paths.user_models_dir() / "chosen.json"


def chosen(task: Task) -> str | None:
    """The name of the network that the user chose for a task, or None. Raises LivefgError for a damaged file."""
    return _choices().get(task)


def choose(task: Task, name: str) -> None:
    """Use the network `name`, which ships or is the user's own, for a task from now on. Raises LivefgError."""
    find_model(name)
    _save(_choices() | {task: name})


def model_for(task: Task, wanted: str | None = None) -> ModelFile:
    """The network for a task: `wanted` by name or path, else the user's choice, else what ships.

    Raises LivefgError if there is none of that name; that the file can be read and used is seen when it is loaded.
    """
    if wanted:
        return find_model(wanted)
    name = chosen(task)
    default = _default(task)
    if name is None:
        return find_model(default)
    try:
        return find_model(name)
    except LivefgError:
        raise LivefgError(
            f"The {task} classifier {name!r} that you chose is not there any more; `livefg models use {default}` "
            "takes the one that ships."
        ) from None


def install(source: Path, name: str) -> ModelFile:
    """Copy a file among the user's own models as `name`, in place of an older one of that name.

    Raises LivefgError if the name belongs to a network that ships or cannot be a file's name, or copying fails.
    """
    if name in Manifest.load().entries:
        raise LivefgError(f"{name!r} is the name of a network that ships with livefg; give --name another.")
    if not name or name.startswith(".") or Path(name).name != name or "\\" in name:
        raise LivefgError(f"{name!r} cannot be the name of a model; give --name another.")
    target = paths.user_models_dir() / f"{name}.onnx"
    try:
        content = source.read_bytes()
        if not (target.exists() and target.samefile(source)):
            make_private_folder(target.parent)
            write_private(target, content)
    except OSError as error:
        raise LivefgError(f"{source} cannot be copied to {target} ({_cause(error)}).") from error
    return ModelFile(name, target)


def uninstall(name: str) -> tuple[Task, ...]:
    """Remove one of the user's own models; gives the tasks that it was chosen for, which what ships does again.

    Raises LivefgError if it is not the user's own, or cannot be removed.
    """
    if name in Manifest.load().entries:
        raise LivefgError(f"{name!r} ships with livefg and stays; only models of your own can be removed.")
    path = paths.user_models_dir() / f"{name}.onnx"
    if Path(name).name != name or not path.is_file():
        raise LivefgError(f"There is no model of your own called {name!r}; `livefg models list` names them.")
    choices = _choices()
    tasks = tuple(task for task, choice in choices.items() if choice == name)
    if tasks:
        _save({task: choice for task, choice in choices.items() if choice != name})
    try:
        remove_private(path)
    except OSError as error:
        raise LivefgError(f"{path} cannot be removed ({_cause(error)}).") from error
    return tasks


def _default(task: Task) -> str:
    entries = Manifest.load().entries
    names = _SHIPPED[task]
    return next((name for name in names if name in entries), names[-1])


def _choices() -> dict[Task, str]:
    path = choice_file()
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LivefgError(f"The choice of classifiers {path} cannot be read ({_cause(error)}).") from error
    except ValueError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data.values()):
        raise LivefgError(f"The choice of classifiers {path} is damaged; remove it and choose again.")
    return data


def _save(choices: dict[Task, str]) -> None:
    path = choice_file()
    try:
        make_private_folder(path.parent)
        write_private(path, json.dumps(choices, indent=2).encode() + b"\n")
    except OSError as error:
        raise LivefgError(f"The choice of classifiers {path} cannot be saved ({_cause(error)}).") from error


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
