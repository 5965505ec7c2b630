"""Signs that what oned does not know is not nobody's: another OpenNebula's, or made since oned's database was copied.

Two OpenNebulas give the same names, and a database that was restored from a backup does not know what was made after
it. No volume says which oned it was made for. But numbers only grow, and an image's volume is made when it is
registered: a number that oned has not reached, and one that does not fit its time, were given out by somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.belongings import Belongings, Named, named
from domain.inventory import Holding
from domain.names import image_of, same_host
from domain.sight import Past, Sight
from domain.volumes import Role

FEW = 3
"""So many left-over volumes are common."""
SHARE = 10
"""More than one in so many of our names is not what killed orders leave."""
SLACK = 24 * 3600
"""Seconds by which clocks may differ, and an image may wait for its volume."""


def strangers(holdings: Sequence[Holding], belongings: Belongings, sight: Sight) -> list[str]:
    """The signs in one LINSTOR, each half a sentence."""
    ours = list(_ours(holdings, sight))
    unowned = [(each, told) for each, told in ours if belongings.owner(each.definition.name) is None]
    found = [sign for each, _ in ours for sign in _in_use(each, belongings, sight)]
    if sight.past is not None:
        past = sight.past
        guessed = [sign for each, told in unowned for sign in (*_beyond(each, told, past), *_untimely(each, past))]
        guessed += _too_many(len(unowned), len(ours))
        found += [f"{each} (--trust-oned if neither is so)" for each in guessed]
    return found


def last_vm(holdings: Sequence[Holding], belongings: Belongings, sight: Sight) -> int:
    """The greatest number of a VM of which something unowned is left; -1 for none."""
    unowned = (told for each, told in _ours(holdings, sight) if belongings.owner(each.definition.name) is None)
    return max((told.disk.vm for told in unowned if told.disk is not None), default=-1)


def _ours(holdings: Sequence[Holding], sight: Sight) -> Iterator[tuple[Holding, Named]]:
    for each in holdings:
        told = named(each.definition.name, each.definition.marks)
        if told is not None and each.definition.group in sight.groups:
            yield each, told


def _in_use(holding: Holding, belongings: Belongings, sight: Sight) -> Iterator[str]:
    name = holding.definition.name
    owned = belongings.owner(name) is not None
    for each in holding.deployments:
        if each.in_use and not owned:
            yield f"{name} is in use on {each.host}, and no image or VM of oned owns it"
        if each.role is Role.ATTACHMENT and not any(same_host(each.host, host) for host in sight.hosts):
            yield f"{name} is attached to {each.host}, which is no host of oned"


def _beyond(holding: Holding, told: Named, past: Past) -> Iterator[str]:
    name = holding.definition.name
    if told.image is not None and told.image > past.last_image:
        yield f"{name} is beyond oned's last image, {_last(past.last_image)}"
    if told.disk is not None and told.disk.vm > past.last_vm:
        yield f"{name} is beyond oned's last VM, {_last(past.last_vm)}"


def _last(number: int) -> str:
    return "none" if number < 0 else str(number)


def _untimely(holding: Holding, past: Past) -> Iterator[str]:
    """Only the volume of the image itself: a disk may be made at any time, and a revert lays out a volume late."""
    name, made = holding.definition.name, holding.made
    number = image_of(name)
    if number is None or not made:
        return
    times = {image: time for image, time in past.registered.items() if time}
    lower = max((image for image in times if image < number), key=lambda image: times[image], default=None)
    higher = min((image for image in times if image > number), key=lambda image: times[image], default=None)
    if lower is not None and made < times[lower] - SLACK:
        yield f"{name} was made before image {lower} was registered"
    if higher is not None and made > times[higher] + SLACK:
        yield f"{name} was made after image {higher} was registered"


def _too_many(unowned: int, ours: int) -> Iterator[str]:
    if unowned > FEW and unowned * SHARE > ours:
        yield f"{unowned} of {ours} volumes with our names belong to nobody in oned"
