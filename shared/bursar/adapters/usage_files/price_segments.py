"""Which prices records have, and between which of their changes they lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from bursar.adapters.usage_files.group_keys import segment_keys_of
from bursar.adapters.usage_files.name_codes import NameCodes
from bursar.adapters.usage_files.record_columns import DEFAULTS, Records
from bursar.adapters.usage_files.rows import NEVER
from bursar.adapters.usage_files.words import Integers, Mask
from bursar.domain.usage.grouped_usage import PricedAs
from bursar.domain.usage.prices import PriceBreaks

if TYPE_CHECKING:
    from bursar.ports import TokenPriceSchedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 10**6


class PriceSegments:
    """The prices of names by their codes, numbered: one for each provider, model and batch."""

    def __init__(self, names: NameCodes, book: TokenPriceSchedule) -> None:
        self._names = names
        self._book = book
        self._numbers: dict[PricedAs, int] = {}
        self._breaks: list[PriceBreaks] = []  # by number
        self._of_names: Integers = np.empty(0, np.int64)  # by code
        self._told: dict[int, PricedAs] = {}  # where it changes, by number and segment
        self.any_changes = False

    def of(self, names: Integers) -> Integers:
        found: Integers = self._of_names[names]
        return found

    def learn(self, new: Integers) -> None:
        """The prices of names that are new."""
        by = [self._names.labels(column, new) for column in ("provider", "model")]
        codes = (by[0].codes * len(by[1].texts) + by[1].codes) * 2 + self._names.are_batch(new)
        _, first, of = np.unique(codes, return_index=True, return_inverse=True)
        numbers = []
        for row in first.tolist():
            provider, model = (texts[int(own[row])] for texts, own in by)
            told = PricedAs(provider, model, bool(codes[row] % 2))
            if told not in self._numbers:
                self._numbers[told] = len(self._numbers)
                self._breaks.append(self._book.breaks(provider, model, batch=told.batch))
                self.any_changes |= self._breaks[-1] != PriceBreaks()
            numbers.append(self._numbers[told])
        if (known := len(self._names)) > len(self._of_names):
            self._of_names = np.concatenate((self._of_names, np.zeros(known, np.int64)))
        self._of_names[new] = np.array(numbers, np.int64)[of]

    def segments(self, records: Records, prices: Integers) -> tuple[Integers, Mask]:
        """Between which breaks of its price each record lies, as one number; and which records
        would need a time for that and have none."""
        segments = np.zeros(len(records), np.int64)
        timeless = np.zeros(len(records), np.bool_)
        present = np.flatnonzero(np.bincount(prices, minlength=len(self._breaks))).tolist()
        for each in {self._breaks[number] for number in present} - {PriceBreaks()}:
            own = np.array([breaks == each for breaks in self._breaks], np.bool_)
            rows = np.flatnonzero(own[prices])
            found = np.zeros(len(rows), np.int64)
            if each.dated:
                at = times_of(records)[rows]
                timeless[rows] = at == NEVER
                instants = [
                    (instant - _EPOCH) // timedelta(microseconds=1) for instant in each.instants
                ]
                found = np.searchsorted(np.array(instants, np.int64), at, side="right")
                seconds = at // _SECOND % 86_400
                daily = np.array(each.seconds_of_day, np.int64)
                found = found * (len(daily) + 1) + np.searchsorted(daily, seconds, side="right")
            mean = _mean_input(records)[rows]
            tiers = np.array(each.above_input_tokens, np.int64)
            segments[rows] = found * (len(tiers) + 1) + np.searchsorted(tiers, mean, side="left")
        return segments, timeless

    def tell(self, records: Records, rows: Integers, prices: Integers, segments: Integers) -> None:
        """Records in segments that may be new: these rows of them, of prices that may change."""
        keys, first = np.unique(segment_keys_of(prices, segments), return_index=True)
        priced = list(self._numbers)
        for key, n in zip(keys.tolist(), first.tolist(), strict=True):
            if key not in self._told and self._breaks[prices[n]] != PriceBreaks():
                self._told[key] = _of_record(priced[prices[n]], records, int(rows[n]))

    def priced_as(self, prices: Integers, segments: Integers) -> tuple[list[PricedAs], Integers]:
        """What these are priced as, each once, and which of it each is."""
        priced = list(self._numbers)
        keys, first, of = np.unique(
            segment_keys_of(prices, segments), return_index=True, return_inverse=True
        )
        found = zip(keys.tolist(), prices[first].tolist(), strict=True)
        return [self._told.get(key) or priced[number] for key, number in found], of


def times_of(records: Records) -> Integers:
    return np.full(len(records), NEVER) if records.at is None else records.at


def _mean_input(records: Records) -> Integers:
    """Input tokens of the mean request, rounded up: above a whole limit exactly when it is.

    0 where it is told that no requests are: sums are of the first tier then.
    """
    told = records.counts.get("input_tokens", np.zeros(len(records), np.int64))
    requests = records.counts.get("requests", np.int64(DEFAULTS["requests"]))
    return np.where(requests > 0, -(-told // np.maximum(requests, 1)), 0)


def _of_record(priced: PricedAs, records: Records, row: int) -> PricedAs:
    at = int(times_of(records)[row])
    when = None if at == NEVER else _EPOCH + timedelta(microseconds=at)
    return priced._replace(at=when, mean_input=int(_mean_input(records)[row]))
