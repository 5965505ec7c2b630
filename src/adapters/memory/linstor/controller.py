"""What belongs to the controller itself: its properties and the key-value store (linstor.md 2.2, 2.15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory.linstor import properties
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    CTRL_CONF,
    DEL,
    DELETED,
    KVS,
    MOD,
    MODIFIED,
    Reply,
    info,
    refuse,
    success,
    warning,
)
from adapters.memory.linstor.state import State


class Controller:
    """Operations on the controller's own data."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stores: dict[str, dict[str, str]] = {}

    def modify(self, override: Given, delete: Sequence[str] = (), namespaces: Sequence[str] = ()) -> list[Reply]:
        """Change properties of the whole cluster; every satellite is told."""
        with self._state.lock:
            put = properties.allowed(self._state, override, MOD | CTRL_CONF, "Controller")
            properties.change(self._state.properties, put, delete, namespaces)
            said = [success(CRT | CTRL_CONF, CREATED, f"Successfully set property '{key}'") for key in put]
            said += [success(DEL | CTRL_CONF, DELETED, f"Successfully deleted property '{key}'") for key in delete]
            online = [each.name for each in self._state.nodes.values() if each.online]
            return said + [info(MOD | CTRL_CONF, 0, f"({name}) Controller properties applied") for name in online]

    def delete(self, key: str) -> list[Reply]:
        """Delete one property."""
        with self._state.lock:
            self._state.properties.pop(key, None)
            return [success(DEL | CTRL_CONF, DELETED, f"Successfully deleted property '{key}'")]

    def stores(self) -> Mapping[str, dict[str, str]]:
        """All instances of the key-value store."""
        with self._state.lock:
            return {name: dict(values) for name, values in self._stores.items()}

    def store(self, name: str) -> dict[str, str]:
        """One instance. Raises Refused 316."""
        with self._state.lock:
            if name not in self._stores:
                raise refuse(0, 316, f"Could not find key value store instance '{name}'.")
            return dict(self._stores[name])

    def modify_store(
        self, name: str, override: Given, delete: Sequence[str] = (), namespaces: Sequence[str] = ()
    ) -> list[Reply]:
        """Change an instance, which exists from its first key on."""
        with self._state.lock:
            put = {key: value or "" for key, value in override.items()}
            properties.change(self._stores.setdefault(name, {}), put, delete, namespaces)
            return [success(MOD | CTRL_CONF, MODIFIED, "Successfully updated properties")]

    def delete_store(self, name: str) -> list[Reply]:
        """Delete an instance."""
        with self._state.lock:
            if self._stores.pop(name, None) is None:
                return [warning(DEL | KVS, 3000, f"Kvs '{name}' not found.", f"Kvs: {name}")]
            return [success(0, DELETED, f"Kvs '{name}' deleted.")]
