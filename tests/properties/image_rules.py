"""Operations on images, as rules of the machine."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.living import Living, Trouble, remembered, troubles
from tests.properties.scenarios import IMAGE

from adapters.memory.cluster_seen import MARKS
from domain import marks as marking


class ImageRules(Living):
    """Images come and go while VMs live."""

    @precondition(lambda self: len(self.cloud.images) < 6)
    @rule(trouble=troubles, action=st.sampled_from(("cp", "clone")))
    @remembered
    def new_image(self, trouble: Trouble, action: str) -> None:
        """`oneimage create` and `oneimage clone`; a failed one leaves nothing, and the user tries another."""
        image = self._next()
        make = self.cloud.add_image if action == "cp" else lambda new: self.cloud.clone_image(new, IMAGE)
        if not self._try(lambda: make(image), f"datastore/{action}", trouble):
            self._give_up(image)

    def _give_up(self, image: int) -> None:
        """An image in ERROR has no SOURCE, so `rm` finds nothing to do; what a kill left is known by its mark."""
        self.cloud.images.pop(image, None)
        left = self.cloud.world.linstor.state.definitions.get(f"OpenNebula-Image-{image}")
        if left is not None:
            assert left.props[MARKS + marking.IMAGE] == str(image)
            self.orphans.add(left.name)

    @precondition(lambda self: len(self.cloud.images) > 5)
    @rule(trouble=troubles)
    @remembered
    def drop_image(self, trouble: Trouble) -> None:
        """`oneimage delete`, again after a failure."""
        image = max(self.cloud.images)
        if image not in self.pending and not self._try(lambda: self.cloud.drop_image(image), "datastore/rm", trouble):
            self._repeat(image, lambda: self.cloud.drop_image(image))
