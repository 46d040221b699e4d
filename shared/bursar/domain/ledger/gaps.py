"""What of a window is in no sum of the ledger: unknown, which is not zero."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.domain.ledger.lines import quality_of
from bursar.domain.periods import Window
from bursar.domain.quality import Quality


@dataclass(frozen=True, slots=True)
class Gaps:
    """`unstated` hours are over, and no statement says anything of them. `not_kept` hours were
    stated, but only their whole days are kept still, which reach out of the window."""

    unstated: tuple[Window, ...] = ()
    not_kept: tuple[Window, ...] = ()

    def quality(self, known: Quality) -> Quality:
        """Of a sum with `known` quality that leaves these hours out: it is no final one."""
        left_out = [Quality.UNKNOWN] if self.unstated or self.not_kept else []
        return quality_of([known, *left_out])


NO_GAPS = Gaps()
