"""A scope says whose money: a set of dimension=value pairs, written `cluster=prod,model=llama`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from bursar.domain.usage.providers import provider_name


class Dimension(StrEnum):
    ORG = "org"
    ACCOUNT = "account"
    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    TEAM = "team"
    TENANT = "tenant"
    MODEL = "model"
    FEATURE = "feature"
    PROVIDER = "provider"
    KEY = "key"
    CATEGORY = "category"


class ScopeError(ValueError):
    """A scope has no pair, names a dimension twice or one that does not exist, or has a value
    that is empty or cannot be written (a comma, or space at its ends)."""


class Scope:
    """An immutable set of dimension=value pairs; equal and hashed by its canonical text.

    A provider has one name in it, however it was spelled: `provider=bedrock` is `provider=aws`.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Mapping[Dimension, str]) -> None:
        """Take pairs whose text can be read again.

        Raises:
            ScopeError: there are none, or a value cannot be written.
        """
        if not pairs:
            raise ScopeError("a scope names at least one dimension: an empty one would hold all")
        for name, value in pairs.items():
            if not value or "," in value or value != value.strip():
                raise ScopeError(f"{value!r} cannot be the {name} of a scope")
        self._pairs = dict(sorted(_with_provider_name(pairs).items()))

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read `cluster=prod,namespace=search`.

        Raises:
            ScopeError: nothing is named, a dimension is unknown or repeated, or a value is empty.
        """
        pairs: dict[Dimension, str] = {}
        for part in text.split(","):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if name not in set(Dimension) or not equals or not value:
                known = ", ".join(Dimension)
                raise ScopeError(f"{part!r} is not dimension=value; dimensions: {known}")
            if (dimension := Dimension(name)) in pairs:
                raise ScopeError(f"{name} stands twice in {text!r}")
            pairs[dimension] = value
        return cls(pairs)

    def __getitem__(self, dimension: Dimension) -> str:
        return self._pairs[dimension]

    def get(self, dimension: Dimension) -> str | None:
        return self._pairs.get(dimension)

    @property
    def dimensions(self) -> frozenset[Dimension]:
        return frozenset(self._pairs)

    @property
    def pairs(self) -> dict[Dimension, str]:
        return dict(self._pairs)

    def covers(self, facts: Mapping[Dimension, str]) -> bool:
        """True when every pair of this scope stands in the facts; those of a line that was
        booked before may spell its provider otherwise."""
        if Dimension.PROVIDER in self._pairs:
            facts = _with_provider_name(facts)
        return all(facts.get(name) == value for name, value in self._pairs.items())

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self._pairs.items())

    def __repr__(self) -> str:
        return f"Scope({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> Scope:
            if isinstance(value, Scope):
                return value
            if not isinstance(value, str):
                raise ValueError("a scope is written dimension=value,dimension=value")
            return cls.parse(value)

        return core_schema.no_info_plain_validator_function(
            read,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


def _with_provider_name(pairs: Mapping[Dimension, str]) -> Mapping[Dimension, str]:
    provider = pairs.get(Dimension.PROVIDER)
    return {**pairs, Dimension.PROVIDER: provider_name(provider)} if provider else pairs
