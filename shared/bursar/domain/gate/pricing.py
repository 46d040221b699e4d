"""What jobs cost: pods x hours x the catalogue's price, with the arithmetic said.

Pods with accelerators pay for whole nodes, as they are sold; alike pods share them. Other pods
pay the larger of their shares of a node's vCPU and memory, since the rest serves others.
Of the types that fit, the one at which the pods cost least is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bursar.domain import prices
from bursar.domain.cluster.effective_requests import Amounts
from bursar.domain.gate import fitting
from bursar.domain.gate.jobs import Duration, JobShape, PodSet, shown_number
from bursar.domain.instance_types import InstanceType
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey, PriceRow

Book = Mapping[PriceKey, PriceRow]
Catalogue = Mapping[str, InstanceType]

NOT_COUNTED = "compute only: storage, network and retries are not counted"
_ZONE_LETTERS = "abcdef"
_MOST_NAMED = 5
_GIB = 2**30


class UnpricedJobError(Exception):
    """What a job would run on has no price, or nothing that is known holds its pods."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where the jobs run, and what share of their nodes is bought on the spot market."""

    region: str
    spot_share: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class PricedPods:
    """One kind of pods. `nodes` is a part of a node where others use the rest."""

    names: tuple[str, ...]
    pods: int
    requests: Amounts
    instance_type: str
    nodes: Fraction
    usd: Money
    arithmetic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PricedJob:
    shape: JobShape
    duration: Duration
    pods: tuple[PricedPods, ...]

    @property
    def usd(self) -> Money:
        return Money.sum(each.usd for each in self.pods)

    @property
    def arithmetic(self) -> tuple[str, ...]:
        hours = f"{shown_number(self.duration.hours)} h, {self.duration.source}"
        lines = [f"{self.shape.title}: {hours}"]
        return (*lines, *(line for each in self.pods for line in each.arithmetic))


def keys_for(jobs: Iterable[JobShape], catalogue: Catalogue, terms: Terms) -> set[PriceKey]:
    """The prices that `price_job` will look at."""
    names: set[str] = set()
    for pods in (each for job in jobs for each in job.pod_sets):
        names |= {each.name for each in fitting.fitting(pods, catalogue.values())}
        names |= catalogue.keys() & set(fitting.named_types(pods))
    keys = {prices.on_demand(terms.region, name) for name in names}
    if terms.spot_share:
        keys |= {key for name in names for key in _spot_keys(terms.region, name)}
    return keys


def price_job(
    job: JobShape, duration: Duration, *, catalogue: Catalogue, book: Book, terms: Terms
) -> PricedJob:
    """Price each kind of pods on its cheapest instance type.

    Raises:
        UnpricedJobError: no type that is known and priced holds one of them, or one that its
            placement calls by name has no price: the scheduler may well take that one.
    """
    priced = (
        _price(names, pods, duration.hours, catalogue, book, terms)
        for names, pods in _alike(job.pod_sets)
    )
    return PricedJob(job, duration, tuple(priced))


def _alike(pod_sets: Sequence[PodSet]) -> list[tuple[tuple[str, ...], PodSet]]:
    """Masters and workers that ask for the same are one kind: they fill each other's nodes."""
    kinds: dict[object, tuple[tuple[str, ...], PodSet]] = {}
    for each in pod_sets:
        key = (tuple(sorted(each.requests.items())), each.terms)
        names, pods = kinds.get(key, ((), replace(each, pods=0)))
        kinds[key] = ((*names, each.name), replace(pods, pods=pods.pods + each.pods))
    return list(kinds.values())


def _price(
    names: tuple[str, ...],
    pods: PodSet,
    hours: Fraction,
    catalogue: Catalogue,
    book: Book,
    terms: Terms,
) -> PricedPods:
    fits = fitting.fitting(pods, catalogue.values())
    called = " and ".join(names)
    _refuse_unpriced(pods, fits, catalogue, book, terms.region)
    if not fits:
        raise UnpricedJobError(
            f"no instance type that is known in {terms.region} holds a pod of {called} "
            f"({_shown(pods.requests)})"
        )
    offers = [each for each in fits if prices.on_demand(terms.region, each.name) in book]
    if not offers:
        named = ", ".join(each.name for each in fits[:_MOST_NAMED])
        raise UnpricedJobError(
            f"unpriced: no instance type that holds a pod of {called} has a price in "
            f"{terms.region}, such as {named}"
        )
    whole = bool(fitting.accelerators_of(pods.requests))
    costs = [_Offer.of(each, pods, hours, book, terms, whole=whole) for each in offers]
    best = min(costs, key=lambda each: (each.usd.units, each.instance.name))
    lines = (
        f"{called}: {pods.pods} pods at once, each {_shown(pods.requests)}",
        best.placed(pods, len(costs), whole=whole),
        *best.bought(hours, terms),
    )
    return PricedPods(
        names, pods.pods, pods.requests, best.instance.name, best.nodes, best.usd, lines
    )


def _refuse_unpriced(
    pods: PodSet, fits: Sequence[InstanceType], catalogue: Catalogue, book: Book, region: str
) -> None:
    fitting_names = {each.name for each in fits}
    for name in fitting.named_types(pods):
        priced = prices.on_demand(region, name) in book
        if name not in catalogue:
            raise UnpricedJobError(f"instance type {name} is unpriced: nobody knows what it holds")
        if name in fitting_names and not priced:
            raise UnpricedJobError(
                f"instance type {name} is unpriced: it has no price in {region}"
            )


@dataclass(frozen=True, slots=True)
class _Offer:
    """The pods on one instance type; `spot` is None where no spot price is known."""

    instance: InstanceType
    nodes: Fraction
    listed: PriceRow
    spot: PriceRow | None
    usd: Money

    @classmethod
    def of(
        cls,
        instance: InstanceType,
        pods: PodSet,
        hours: Fraction,
        book: Book,
        terms: Terms,
        *,
        whole: bool,
    ) -> _Offer:
        listed = book[prices.on_demand(terms.region, instance.name)]
        spot = _dearest_spot(instance.name, book, terms)
        if whole:
            nodes = Fraction(-(-pods.pods // fitting.pods_per_node(instance, pods.requests)))
        else:
            nodes = pods.pods * fitting.share_of_node(instance, pods.requests)
        usd = listed.usd.times(nodes * hours * (1 - terms.spot_share))
        usd += (spot or listed).usd.times(nodes * hours * terms.spot_share)
        return cls(instance, nodes, listed, spot, usd)

    def placed(self, pods: PodSet, among: int, *, whole: bool) -> str:
        name = self.instance.name
        cheapest = f"the cheapest of {among} priced types that fit" if among > 1 else "the type"
        if whole:
            per_node = fitting.pods_per_node(self.instance, pods.requests)
            return (
                f"{name} ({cheapest}) holds {per_node} of them: "
                f"{pods.pods} / {per_node}, rounded up, is {self.nodes} whole nodes"
            )
        share = fitting.share_of_node(self.instance, pods.requests)
        return (
            f"one takes {share} of a {name} ({cheapest}), the larger of its shares of vCPU and "
            f"memory: {pods.pods} x {share} = {self.nodes} nodes"
        )

    def bought(self, hours: Fraction, terms: Terms) -> list[str]:
        on_demand = f"{self.listed.usd.plain()} USD/h on demand ({self.listed.source})"
        times = f"{self.nodes} nodes x {shown_number(hours)} h"
        if not terms.spot_share:
            return [f"{times} x {on_demand} = {self.usd.plain()} USD"]
        share = shown_number(terms.spot_share)
        rest = shown_number(1 - terms.spot_share)
        if self.spot is None:
            told = "no spot price is known: all of it at the price on demand, which is no less"
            return [f"{times} x {on_demand} = {self.usd.plain()} USD; {told}"]
        spot = f"{self.spot.usd.plain()} USD/h on spot ({self.spot.source}, the dearest zone)"
        return [f"{times} x ({rest} x {on_demand} + {share} x {spot}) = {self.usd.plain()} USD"]


def _dearest_spot(name: str, book: Book, terms: Terms) -> PriceRow | None:
    """Nobody knows the zone beforehand: the dearest of those with a price."""
    if not terms.spot_share:
        return None
    rows = [row for key in _spot_keys(terms.region, name) if (row := book.get(key))]
    return max(rows, key=lambda row: row.usd.units, default=None)


def _spot_keys(region: str, name: str) -> list[PriceKey]:
    return [prices.spot(region, name, f"{region}{letter}") for letter in _ZONE_LETTERS]


def _shown(requests: Amounts) -> str:
    parts = []
    if cpu := requests.get("cpu"):
        parts.append(f"{shown_number(Fraction(cpu, 1000))} vCPU")
    if memory := requests.get("memory"):
        parts.append(f"{shown_number(Fraction(memory, _GIB))} GiB")
    parts += [f"{count} {name}" for name, count in fitting.accelerators_of(requests).items()]
    return ", ".join(parts)
