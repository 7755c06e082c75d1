"""The one family of errors that livefg raises for things a user can put right."""

__all__ = ["LivefgError"]


class LivefgError(Exception):
    """A failure whose message is one clear sentence naming what is wrong and, where there is one, the cure.

    The command line prints the message alone and exits with status 1; anything else that escapes is a defect.
    """
