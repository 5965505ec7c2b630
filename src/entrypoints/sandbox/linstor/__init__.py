"""The model of LINSTOR behind the REST interface of a real controller, and its comparison with recordings."""

from entrypoints.sandbox.linstor.app import LinstorApp, make_app
from entrypoints.sandbox.linstor.faults import Fault, Faults
from entrypoints.sandbox.linstor.server import LinstorServer, serve

__all__ = ["Fault", "Faults", "LinstorApp", "LinstorServer", "make_app", "serve"]
