"""What a recorded call is about."""

from __future__ import annotations

import pytest

from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.subject import At, Subject, subject

D = "/var/lib/one//datastores/102/7"
HERE = At("host-a", "/var/lib/one/datastores/102/7")
DISK = At("host-a", "/var/lib/one/datastores/102/7/disk.3")


def _call(kind: str, action: str, line: str, driver: str = "linstor") -> Call:
    return Call("op", 1, kind, driver, action, tuple(line.split()))


@pytest.mark.parametrize(
    ("kind", "action", "line", "expected"),
    [
        (
            "tm",
            "clone.ssh",
            f"one-fe:Image-0 host-a:{D}/disk.3 7 100",
            Subject(7, 3, DISK, source="Image-0", datastore=100, front_end="one-fe"),
        ),
        ("tm", "mkimage", f"64 raw host-a:{D}/disk.3 7 102", Subject(7, 3, DISK, datastore=102, size_mib=64)),
        ("tm", "mkswap", f"32 host-a:{D}/disk.3 7 102", Subject(7, 3, DISK, datastore=102, size_mib=32)),
        ("tm", "context", f"/a/context.sh /b/file host-a:{D}/disk.3 7 102", Subject(7, 3, DISK, datastore=102)),
        (
            "tm",
            "mv",
            f"one-fe:{D}/disk.3 host-a:{D}/disk.3 7 100",
            Subject(7, 3, DISK, At("one-fe", DISK.path), datastore=100),
        ),
        ("tm", "mv", f"one-fe:{D} host-a:{D} 7 102", Subject(7, None, HERE, At("one-fe", HERE.path), datastore=102)),
        ("tm", "mvds.ssh", f"host-a:{D}/disk.3 Image-4 7 100", Subject(7, 3, DISK, source="Image-4", datastore=100)),
        (
            "tm",
            "cpds",
            f"host-a:{D}/disk.3 Image-9 -1 7 100",
            Subject(7, 3, DISK, target="Image-9", datastore=100),
        ),
        (
            "tm",
            "cpds",
            f"host-a:{D}/disk.3 Image-9 2 7 100",
            Subject(7, 3, DISK, target="Image-9", snapshot=2, datastore=100),
        ),
        ("tm", "resize", f"host-a:{D}/disk.3 256 7 100", Subject(7, 3, DISK, datastore=100, size_mib=256)),
        ("tm", "snap_create_live", f"host-a:{D}/disk.3 5 7 100", Subject(7, 3, DISK, datastore=100, snapshot=5)),
        ("tm", "delete", f"host-a:{D} 7 102", Subject(7, None, HERE)),
        (
            "tm",
            "premigrate",
            f"host-b host-a {D} 7 102 ssh",
            Subject(7, None, HERE, At("host-b", HERE.path), datastore=102, caller="ssh"),
        ),
        ("vmm", "deploy", f"{D}/deployment.17 host-a 7 host-a", Subject(7, None, HERE, seq=17)),
        ("vmm", "save", f"one-7 {D}/checkpoint host-a 7 host-a", Subject(7, None, HERE)),
        ("vmm", "attach_disk", f"one-7 {D}/disk.3 vdc 2 <document> 7 host-a", Subject(7, 3, DISK)),
        ("vmm", "migrate", "one-7 host-b host-a 7 host-a", Subject(7, None, At("host-b", ""), At("host-a", ""))),
        (
            "vmm",
            "resize_disk",
            "one-7 3 256 <document> host-a 7 host-a",
            Subject(7, 3, At("host-a", ""), size_mib=256),
        ),
    ],
)
def test_arguments_tell_what_a_call_is_about(kind: str, action: str, line: str, expected: Subject) -> None:
    """Positions of the arguments are those of opennebula.md 3.1, double slashes are squeezed."""
    assert subject(_call(kind, action, line)) == expected


def test_the_whole_directory_is_told_from_a_disk() -> None:
    """`delete HOST:DIR` ends a VM's directory, `delete HOST:DIR/disk.N` one disk."""
    assert subject(_call("tm", "delete", f"host-a:{D} 7 102")).whole_directory
    assert not subject(_call("tm", "delete", f"host-a:{D}/disk.3 7 102")).whole_directory
    assert At("host-a", DISK.path).datastore == 102


def test_an_image_is_known_by_its_document() -> None:
    """A datastore action says in its document which image it is about, and never by the number of a request."""
    document = (
        "<X><IMAGE><ID>4</ID><SOURCE>Image-4</SOURCE><SIZE>64</SIZE><TARGET_SNAPSHOT>2</TARGET_SNAPSHOT></IMAGE>"
        "<DATASTORE><ID>100</ID></DATASTORE></X>"
    )
    call = Call("op", 1, "ds", "linstor", "snap_delete", ("4",), stdin=document.encode())

    found = subject(call)

    assert (found.image, found.source, found.datastore, found.snapshot, found.size_mib) == (4, "Image-4", 100, 2, 64)


def test_arguments_of_another_shape_are_about_nothing() -> None:
    """A call that cannot be read ends nobody's replay."""
    assert subject(_call("tm", "clone", "what is this")) == Subject()
