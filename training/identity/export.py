"""A trained classifier of people becomes one ONNX file that explains itself, once ONNX Runtime agrees with torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from livefg.errors import LivefgError
from livefg.inference.classifier import ClassifierInfo
from livefg.private_files import make_private_folder, write_private
from livefg.recognition.identity_embedding import EMBEDDING_SIZE, embedding_space
from livefg.recognition.identity_model import SPACE_KEY
from training.identity.head import IdentityHead
from training.onnx_file import AboutClassifier, largest_gap, sealed, traced

__all__ = ["AboutIdentities", "export_identities", "to_onnx"]

_TOLERANCE = 1e-5
_INPUTS = ("embedding", "quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutIdentities(AboutClassifier):
    """What the file of a classifier of people says of itself."""

    labels: tuple[str, ...]
    reject_threshold: float
    licence: str = "private: it describes the faces of people"

    def metadata(self) -> dict[str, str]:
        """The ONNX metadata: every value a text, structured ones as JSON."""
        return {
            **self.contract(
                "identity", self.labels, reject_threshold=self.reject_threshold, activation="none"
            ),
            SPACE_KEY: embedding_space(),
        }


class _Calibrated(nn.Module):
    """The head with a softmax at its temperature."""

    def __init__(self, head: IdentityHead, temperature: float) -> None:
        super().__init__()
        self.head = head
        self.temperature = temperature

    def forward(self, embedding: Tensor, quality: Tensor) -> Tensor:
        return torch.softmax(self.head(embedding, quality) / self.temperature, dim=1)


def to_onnx(head: IdentityHead, about: AboutIdentities) -> bytes:
    """The file's content: embeddings and qualities in, calibrated `probabilities` out, any number of looks."""
    model = traced(_Calibrated(head, about.temperature), _example(3), _INPUTS)
    return sealed(model, about.metadata())


def export_identities(head: IdentityHead, about: AboutIdentities, path: Path) -> float:
    """Write the head to `path`, for its owner only, or nothing if ONNX Runtime disagrees with torch or the contract is
    broken.

    Gives the largest difference of a probability over looks at nobody. Raises LivefgError.
    """
    content = to_onnx(head, about)
    ClassifierInfo.from_metadata(about.metadata(), str(path))
    calibrated = _Calibrated(head, about.temperature)
    gap = largest_gap(content, calibrated, _INPUTS, [_example(count) for count in (1, 64)], _TOLERANCE)
    try:
        if not path.parent.is_dir():
            make_private_folder(path.parent)
        write_private(path, content)
    except OSError as error:
        raise LivefgError(f"{path} cannot be written ({(error.strerror or str(error)).lower()}).") from error
    return gap


def _example(count: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(count)
    embeddings = torch.randn(count, EMBEDDING_SIZE, generator=random)
    return embeddings / embeddings.norm(dim=1, keepdim=True), torch.rand(count, generator=random)
