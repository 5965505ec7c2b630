"""oned's documents, as the sandbox writes them, are what the driver reads (opennebula.md 4)."""

from __future__ import annotations

from adapters.opennebula.xml import parse_action_data, parse_datastore, parse_vm
from entrypoints.sandbox import documents
from entrypoints.sandbox.documents import Record, VmDocument


def test_a_datastore_has_its_drivers_and_its_template() -> None:
    """Attributes with characters of XML come through."""
    text = documents.datastore(100, "images", ("linstor", "linstor"), {"A": "<&>"}, kind=1, base="/var//datastores/100")

    found = parse_datastore(text.encode())

    assert (found.datastore_id, found.ds_mad, found.tm_mad, found.kind) == (100, "linstor", "linstor", 1)
    assert found.base_path == "/var//datastores/100"
    assert found.attributes == {"A": "<&>"}


def test_action_data_holds_image_and_datastore() -> None:
    """As `cp` gets them."""
    image = documents.image(3, "os", 64, {"PATH": "/os.raw", "SOURCE": ""})
    datastore = documents.datastore(100, "images", ("linstor", "linstor"), {}, kind=0, base="")

    data = parse_action_data(documents.action_data(image, datastore))

    assert data.image is not None and data.datastore is not None
    assert (data.image.image_id, data.image.size_mib, data.image.path) == (3, 64, "/os.raw")
    assert data.datastore.datastore_id == 100


def test_a_vm_tells_its_disks_and_its_whole_history() -> None:
    """As `one.vm.info` does."""
    vm = VmDocument(7, [Record("host-a", 102, "ssh"), Record("host-b", 102, "ssh")], context_disk=1)
    vm.disks[0] = {"IMAGE_ID": 3, "SOURCE": "OpenNebula-Image-3", "CLONE": "YES", "SIZE": 64}

    found = parse_vm(vm.xml().encode())

    assert (found.vm_id, found.context_disk_id, found.deploy_id) == (7, 1, "one-7")
    assert [(disk.disk_id, disk.image_id, disk.clone, disk.size_mib) for disk in found.disks] == [(0, 3, True, 64)]
    assert [(each.seq, each.host, each.datastore_id) for each in found.history] == [
        (0, "host-a", 102),
        (1, "host-b", 102),
    ]


def test_scripts_of_a_migration_see_the_current_record_only() -> None:
    """With the sequence number that it has."""
    vm = VmDocument(7, [Record("host-a", 102, "ssh"), Record("host-b", 102, "ssh")])

    found = parse_vm(vm.xml(current_only=True).encode())

    assert [(each.seq, each.host) for each in found.history] == [(1, "host-b")]
