"""The people one has introduced, and the file that keeps them."""

from livefg.gallery.people import UNKNOWN, Gallery, Person, Portrait, check_name
from livefg.gallery.store import GalleryFile

__all__ = ["UNKNOWN", "Gallery", "GalleryFile", "Person", "Portrait", "check_name"]
