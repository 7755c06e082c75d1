"""People are values: every change gives new ones, and names are data in any script."""

import numpy as np
import pytest

from livefg import LivefgError
from livefg.gallery import Gallery, Person, Portrait, check_name


def portrait(seed: int, quality: float = 1.0) -> Portrait:
    embedding = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return Portrait(embedding / np.linalg.norm(embedding), quality)


@pytest.fixture
def gallery() -> Gallery:
    return Gallery().with_portraits("Bo", [portrait(1)]).with_portraits("Anna", [portrait(2), portrait(3)])


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b\\c", "🎉", "👩‍👩‍👧", "李雷", "نور", "O'Neil; DROP TABLE", "."]
)
def test_a_name_is_any_text(name: str) -> None:
    assert check_name(f"  {name} ") == name


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200d", "a\nb", "a\x00b", "\x1b[31m", "a\u202eb", "\ud800", "x" * 101]
)
def test_what_cannot_be_seen_or_would_harm_a_terminal_is_no_name(name: str) -> None:
    with pytest.raises(LivefgError, match="name") as error:
        check_name(name)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["unknown", "Unknown ", "UNKNOWN"])
def test_nobody_can_have_the_name_of_strangers(name: str) -> None:
    with pytest.raises(LivefgError, match="strangers"):
        check_name(name)


def test_people_are_in_the_order_of_their_names(gallery: Gallery) -> None:
    assert gallery.names == ("Anna", "Bo")


def test_a_name_written_otherwise_is_the_same_person(gallery: Gallery) -> None:
    assert gallery.person("ANNA ").name == "Anna"
    more = gallery.with_portraits("anna", [portrait(4)])
    assert more.names == ("Anna", "Bo")
    decomposed = gallery.with_portraits("Zoe\u0308", [portrait(5)])
    assert decomposed.person("Zoë").name == "Zoë"


def test_the_same_picture_twice_is_one_portrait(gallery: Gallery) -> None:
    assert len(gallery.with_portraits("Bo", [portrait(1), portrait(1)]).person("Bo").portraits) == 1


def test_a_change_leaves_the_old_gallery_as_it_was(gallery: Gallery) -> None:
    gallery.without("Bo")
    assert gallery.names == ("Anna", "Bo")


def test_renaming_moves_portraits_and_refuses_a_name_that_is_taken(gallery: Gallery) -> None:
    renamed = gallery.renamed("Anna", "Cleo")
    assert renamed.names == ("Bo", "Cleo")
    assert renamed.person("Cleo").portraits == gallery.person("Anna").portraits
    assert gallery.renamed("bo", "BO").names == ("Anna", "BO"), "the case of one's own name may change"
    with pytest.raises(LivefgError, match="merge"):
        gallery.renamed("Anna", "bo")


def test_merging_puts_portraits_together(gallery: Gallery) -> None:
    merged = gallery.merged("Bo", into="Anna")
    assert merged.names == ("Anna",)
    assert len(merged.person("Anna").portraits) == 3
    with pytest.raises(LivefgError, match="itself"):
        gallery.merged("Anna", into="anna")


def test_one_portrait_can_be_forgotten_but_not_the_last(gallery: Gallery) -> None:
    left = gallery.without_portrait("Anna", 1).person("Anna")
    assert left.portraits == gallery.person("Anna").portraits[1:]
    with pytest.raises(LivefgError, match="1 to 2"):
        gallery.without_portrait("Anna", 3)
    with pytest.raises(LivefgError, match="only portrait"):
        gallery.without_portrait("Bo", 1)


def test_somebody_who_is_not_there_is_an_error_that_says_where_to_look(gallery: Gallery) -> None:
    for attempt in (gallery.without, gallery.person, lambda name: gallery.renamed(name, "X")):
        with pytest.raises(LivefgError, match="'Cleo' is enrolled; `livefg people list`"):
            attempt("Cleo")


def test_nobody_is_enrolled_without_a_portrait() -> None:
    with pytest.raises(LivefgError, match="without a portrait"):
        Gallery().with_portraits("Anna", [])


def test_a_prototype_has_length_one_and_leans_to_the_better_views() -> None:
    good, bad = portrait(1, 1.0), portrait(2, 0.2)
    prototype = Person("Anna", (good, bad)).prototype
    assert np.linalg.norm(prototype) == pytest.approx(1.0, abs=1e-6)
    assert prototype @ good.embedding > prototype @ bad.embedding
