"""As in embed: the server on loopback, and no settings of the developer's own."""

from tests.embed.conftest import _no_settings, server

__all__ = ["_no_settings", "server"]
