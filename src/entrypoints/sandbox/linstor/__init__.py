"""The model of LINSTOR behind the REST interface of a real controller, and its comparison with recordings."""

from entrypoints.sandbox.linstor.server import LinstorServer, serve

__all__ = ["LinstorServer", "serve"]
