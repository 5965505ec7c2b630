"""Datastores and hosts, read from oned (opennebula.md 4.5, 7)."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from adapters.opennebula.oned import XmlRpcOned, with_secrets
from adapters.opennebula.rpc import Rpc
from adapters.opennebula.xml import parse_datastore
from domain.errors import DriverError, OnedRefused
from entrypoints.onelinstor.doctor.reading import CannotAsk, OnedFacts, OneHost, Store

DISABLED = "1"
CREDENTIALS = "run this as the user of oned, or set ONE_AUTH to a file with oneadmin's user:password"
START = "start oned: systemctl start opennebula; of a high-availability front-end ask the leader"


class Answering:
    """Port OnedReader, over XML-RPC. *environment* says where oned is and who asks."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._rpc = Rpc(environment)
        self._oned = XmlRpcOned(environment)

    def facts(self) -> OnedFacts:
        """See the port."""
        try:
            stores = self._pool("one.datastorepool.info", "DATASTORE")
            hosts = self._pool("one.hostpool.info", "HOST")
            return OnedFacts(tuple(map(self._store, stores)), tuple(map(_host, hosts)))
        except OnedRefused as error:
            raise CannotAsk(str(error), CREDENTIALS) from error
        except DriverError as error:
            raise CannotAsk(str(error), CREDENTIALS if "session" in str(error) else START) from error
        except (etree.XMLSyntaxError, ValueError) as error:
            raise CannotAsk(f"oned answers what cannot be read: {error}", START) from error

    def _pool(self, call: str, name: str) -> list[etree._Element]:
        text = self._rpc.document(call)
        return list(etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False)).iterfind(name))

    def _store(self, root: etree._Element) -> Store:
        return Store(
            with_secrets(parse_datastore(etree.tostring(root)), self._oned),
            disabled=root.findtext("STATE") == DISABLED,
            clusters=tuple(int(each.text or 0) for each in root.iterfind("CLUSTERS/ID")),
        )


def _host(root: etree._Element) -> OneHost:
    return OneHost(
        name=(root.findtext("NAME") or "").strip(),
        state=int(root.findtext("STATE") or 0),
        cluster=int(root.findtext("CLUSTER_ID") or 0),
        guests_kib=int(root.findtext("HOST_SHARE/MEM_USAGE") or 0),
    )
