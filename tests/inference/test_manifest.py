"""The manifest vouches for shipped files, and refuses with one sentence what it cannot vouch for."""

from pathlib import Path

import pytest
from onnx_files import save_doubler, write_manifest

from livefg import LivefgError
from livefg.inference import Manifest, Network, find_model


def test_every_shipped_network_is_intact() -> None:
    manifest = Manifest.load()
    assert manifest.entries
    for name in manifest.entries:
        manifest.verify(name)


def test_every_network_in_the_models_folder_is_listed_with_a_licence_and_a_source() -> None:
    manifest = Manifest.load()
    assert {path.name for path in manifest.folder.glob("*.onnx")} == {
        entry.file for entry in manifest.entries.values()
    }
    assert all(entry.licence and entry.source for entry in manifest.entries.values())


def test_a_changed_file_is_refused_with_both_hashes(shipped_models: Path) -> None:
    path = save_doubler(shipped_models / "doubler.onnx")
    write_manifest(shipped_models, path)
    expected = Manifest.load().entry("doubler").sha256
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(LivefgError, match=r"doubler\.onnx was changed or cut short") as failure:
        Network.load("doubler", "cpu")
    assert expected[:16] in str(failure.value)
    assert str(failure.value).count("SHA-256") == 1


def test_a_truncated_file_is_refused_with_both_sizes(shipped_models: Path) -> None:
    path = save_doubler(shipped_models / "doubler.onnx")
    write_manifest(shipped_models, path)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(LivefgError, match=rf"\(100 bytes\) .* \({size} bytes\) is expected"):
        Manifest.load().verify("doubler")


def test_a_missing_file_is_named(shipped_models: Path) -> None:
    path = save_doubler(shipped_models / "doubler.onnx")
    write_manifest(shipped_models, path)
    path.unlink()
    with pytest.raises(LivefgError, match=r"doubler\.onnx cannot be read \(no such file"):
        Network.load("doubler", "cpu")


def test_a_network_that_is_not_listed_is_named(shipped_models: Path) -> None:
    write_manifest(shipped_models)
    with pytest.raises(LivefgError, match="The network nobody is not in the list"):
        Manifest.load().read("nobody")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        ("{", "is not valid JSON"),
        ("[]", "has format None; this livefg reads 1"),
        ('{"format": 2, "models": {}}', "has format 2; this livefg reads 1"),
        ('{"format": 1}', "names no networks"),
        ('{"format": 1, "models": {"a": 3}}', "entry 'a' .* is not an object"),
        ('{"format": 1, "models": {"a": {"file": "a.onnx"}}}', "entry 'a' .* lacks 'sha256'"),
    ],
)
def test_a_broken_manifest_is_described_in_one_sentence(
    shipped_models: Path, content: str | None, sentence: str
) -> None:
    if content is not None:
        (shipped_models / "manifest.json").write_text(content)
    with pytest.raises(LivefgError, match=sentence):
        Manifest.load()


def test_an_entry_cannot_point_outside_the_models_folder(shipped_models: Path) -> None:
    path = save_doubler(shipped_models / "doubler.onnx")
    write_manifest(shipped_models, path, file="../doubler.onnx")
    with pytest.raises(LivefgError, match="names a file outside its folder"):
        Manifest.load()


def test_a_name_means_the_shipped_network_first_and_then_the_users_own(
    shipped_models: Path, own_models: Path
) -> None:
    write_manifest(shipped_models, save_doubler(shipped_models / "doubler.onnx"))
    save_doubler(own_models / "doubler.onnx")
    save_doubler(own_models / "mine.onnx")
    assert find_model("doubler").path == shipped_models / "doubler.onnx"
    assert find_model("mine").path == own_models / "mine.onnx"


@pytest.mark.parametrize("given", ["models/thing.onnx", "thing.onnx", "./thing", Path("thing")])
def test_what_looks_like_a_path_is_a_path(given: str | Path) -> None:
    model = find_model(given)
    assert model.path == Path(given)
    assert model.name == "thing"
    assert model.manifest is None


def test_an_unknown_name_says_where_the_names_are(shipped_models: Path, own_models: Path) -> None:
    write_manifest(shipped_models)
    with pytest.raises(LivefgError, match=r"no network called 'thing'; `livefg models list`"):
        find_model("thing")
