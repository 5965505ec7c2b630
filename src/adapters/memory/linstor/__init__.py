"""A model of a LINSTOR cluster that answers as the controller does and carries the data."""

from adapters.memory.linstor.contents import InFiles, InMemory
from adapters.memory.linstor.devices import Handle, OpenRefused
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.objects import Pool
from adapters.memory.linstor.replies import ControllerDied, Refused, Reply

__all__ = ["ControllerDied", "Handle", "InFiles", "InMemory", "LinstorModel", "OpenRefused", "Pool", "Refused", "Reply"]
