"""The documents of a real oned are read as they are, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from adapters.opennebula.xml import parse_action_data, parse_datastore, parse_vm
from domain.errors import BadOrder
from domain.opennebula import DiskSnapshot, History

XML = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "xml"


def document(name: str) -> bytes:
    return (XML / name).read_bytes()


def action_data(*names: str, more: str = "") -> bytes:
    parts = "".join(document(name).decode() for name in names)
    return f"<DS_DRIVER_ACTION_DATA>{parts}{more}</DS_DRIVER_ACTION_DATA>".encode()


def test_the_disks_of_a_recorded_vm_are_what_they_are() -> None:
    """Defect 57: copy, persistent image, CD-ROM, volatile disks with and without a file system, swap."""
    vm = parse_vm(document("linstor-deploy-os-persistent-cdrom-volatile-swap-context-vm-2.xml"))
    assert (vm.vm_id, vm.state, vm.lcm_state, vm.deploy_id, vm.context_disk_id) == (2, 3, 3, "one-2", 6)
    kinds = [
        (disk.disk_id, disk.clone, disk.persistent, disk.readonly, disk.volatile, disk.private) for disk in vm.disks
    ]
    assert kinds == [
        (0, True, False, False, False, True),
        (1, False, True, False, False, False),
        (2, False, False, True, False, False),
        (3, None, False, False, True, True),
        (4, None, False, False, True, True),
        (5, None, False, False, True, True),
    ]
    assert [(disk.source, disk.size_mib, disk.file_system, disk.kind) for disk in vm.disks[1:5]] == [
        ("OpenNebula-Image-4", 128, "", "BLOCK"),
        ("OpenNebula-Image-6", 64, "", "CDROM"),
        ("", 64, "ext4", "fs"),
        ("", 32, "", "swap"),
    ]
    assert (vm.disks[0].datastore_id, vm.disks[3].datastore_id, vm.disks[0].tm_mad) == (100, 104, "linstor")
    assert vm.disks[0].attributes["ALLOW_ORPHANS"] == "yes"
    assert vm.history == (History(0, "host-a", 104, "linstor"),)
    assert vm.seq == 0


def test_snapshots_belong_to_their_disks() -> None:
    """Each SNAPSHOTS element is about one disk; the date tells two uses of a number apart."""
    vm = parse_vm(document("linstor-disk-snapshot-create-persistent-poweroff-2-vm-3.xml"))
    assert vm.snapshot(0, 4) == DiskSnapshot(0, 4, 1795394313, 256)
    assert vm.snapshot(1, 2) == DiskSnapshot(1, 2, 1795394323, 128)
    assert vm.snapshot(1, 4) is None


def test_all_history_is_read_and_the_last_record_is_the_current_one() -> None:
    """Oned gives the oldest first (opennebula.md 4.4)."""
    vm = parse_vm(document("linstor-detach-nonpersistent-live-vm-3.xml"))
    sequence = [record.seq for record in vm.history]
    assert sequence == sorted(sequence)
    assert len(sequence) > 1
    assert vm.seq == sequence[-1]


def test_a_recorded_datastore_carries_its_attributes() -> None:
    """The LINSTOR attributes are in the template, and so are the directories."""
    images, system = (parse_datastore(document(f"datastore-create-datastore-{number}.xml")) for number in (100, 104))
    assert (images.datastore_id, images.name, images.kind, images.ds_mad) == (100, "linstor-images", 0, "linstor")
    assert images.attributes["LINSTOR_RESOURCE_GROUP"] == "OpenNebula-Default"
    assert images.attributes["SAFE_DIRS"] == "/var/tmp"
    assert (system.kind, system.ds_mad, system.tm_mad) == (1, "-", "linstor")


def test_a_datastore_action_carries_image_and_datastore() -> None:
    """With the target and all snapshots of the image, and whatever else stands there."""
    data = parse_action_data(
        action_data(
            "linstor-image-snapshot-delete-unused-image-4.xml",
            "datastore-create-datastore-100.xml",
            more="<DATASTORE_LOCATION>/var/lib/one/datastores</DATASTORE_LOCATION><!-- a comment -->",
        )
    )
    assert data.image is not None and data.datastore is not None
    assert (data.image.image_id, data.image.source, data.image.size_mib) == (4, "OpenNebula-Image-4", 128)
    assert data.image.cloning_id == -1
    assert data.datastore.datastore_id == 100
    assert data.extra == {"DATASTORE_LOCATION": "/var/lib/one/datastores"}


def test_a_document_of_an_old_version_has_fstype() -> None:
    """Until 5.12 the file system stood in FSTYPE (opennebula.md 2.5)."""
    image = parse_action_data(
        b"<DS_DRIVER_ACTION_DATA><IMAGE><ID>5</ID><FSTYPE>ext4</FSTYPE></IMAGE></DS_DRIVER_ACTION_DATA>"
    ).image
    assert image is not None
    assert (image.file_system, image.format) == ("ext4", "")


def test_stat_has_an_image_without_a_number() -> None:
    """The image does not exist yet (opennebula.md 2.1)."""
    data = parse_action_data(b"<DS_DRIVER_ACTION_DATA><IMAGE><PATH>/a</PATH></IMAGE></DS_DRIVER_ACTION_DATA>")
    assert data.image is not None
    assert (data.image.image_id, data.image.path, data.datastore) == (-1, "/a", None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no XML",
        b"<VM>",
        b"<VM/>",
        b"<DATASTORE><ID>1</ID></DATASTORE>",
        b"<VM><ID>seven</ID></VM>",
        b"<VM><ID>7</ID><TEMPLATE><CONTEXT><DISK_ID>x</DISK_ID></CONTEXT></TEMPLATE></VM>",
        b"<VM><ID>7</ID><TEMPLATE><DISK/></TEMPLATE></VM>",
        b"<VM><ID>-7</ID></VM>",
        b"<VM><ID>1e300</ID></VM>",
        b"<VM><ID>7</ID><STATE>1e300</STATE></VM>",
        b"<VM><ID>7</ID><TEMPLATE><DISK><DISK_ID>-1</DISK_ID></DISK></TEMPLATE></VM>",
        b"<VM><ID>7</ID><TEMPLATE><DISK><DISK_ID>0</DISK_ID><SIZE>-1</SIZE></DISK></TEMPLATE></VM>",
        b"<VM><ID>7</ID><TEMPLATE><DISK><DISK_ID>0</DISK_ID><SIZE>1e12</SIZE></DISK></TEMPLATE></VM>",
        b"\xff\xfe<VM>",
        b"<VM><ID><![CDATA[7",
    ],
)
def test_what_is_no_vm_is_a_bad_order(text: bytes) -> None:
    """One sentence, whatever is wrong."""
    with pytest.raises(BadOrder) as caught:
        parse_vm(text)
    assert "\n" not in str(caught.value)


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    """A document type is refused: oned writes none."""
    (tmp_path / "secret").write_text("secret")
    for entity in (f'SYSTEM "file://{tmp_path}/secret"', '"text"'):
        text = f"<!DOCTYPE VM [<!ENTITY e {entity}>]><VM><ID>7</ID><DEPLOY_ID>&e;</DEPLOY_ID></VM>"
        with pytest.raises(BadOrder, match="document type"):
            parse_vm(text.encode())


def test_a_document_beyond_all_bounds_is_refused() -> None:
    """Before it is parsed."""
    with pytest.raises(BadOrder, match="bytes"):
        parse_vm(b"<VM><ID>7</ID>" + b" " * (64 * 1024 * 1024) + b"</VM>")


def test_every_recorded_document_is_well_formed() -> None:
    """The test data is what oned wrote, not what an editor made of it."""
    for path in XML.glob("*.xml"):
        etree.fromstring(path.read_bytes())
