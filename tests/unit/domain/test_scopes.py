"""Scopes: whose money, as a set of dimension=value pairs."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bursar.domain.quality import Quality, worst
from bursar.domain.scopes import Dimension, Scope, ScopeError
from tests.unit.for_all import for_all

values = st.text(min_size=1).map(str.strip).filter(lambda text: text and "," not in text)
pairs = st.dictionaries(st.sampled_from(Dimension), values, min_size=1)


@for_all(pairs=pairs)
def test_every_scope_reads_its_own_text(pairs: dict[Dimension, str]):
    scope = Scope(pairs)
    assert Scope.parse(str(scope)) == scope
    assert hash(Scope.parse(str(scope))) == hash(scope)


def test_the_order_and_the_spaces_of_the_text_do_not_matter():
    assert Scope.parse("model=llama, cluster=prod") == Scope.parse("cluster=prod,model=llama")
    assert str(Scope.parse("model=llama, cluster=prod")) == "cluster=prod,model=llama"


def test_a_value_may_hold_an_equals_sign():
    assert Scope.parse("model=a=b").get(Dimension.MODEL) == "a=b"


@pytest.mark.parametrize(
    "wrong",
    ["", "cluster", "cluster=", "=prod", "squad=search", "cluster=a,cluster=b", "cluster=a,"],
)
def test_a_text_that_is_no_scope_is_refused(wrong):
    with pytest.raises(ScopeError):
        Scope.parse(wrong)


@pytest.mark.parametrize("wrong", [{}, {Dimension.MODEL: "a,b"}, {Dimension.MODEL: " a"}])
def test_a_scope_whose_text_would_mean_another_is_refused(wrong):
    with pytest.raises(ScopeError):
        Scope(wrong)


def test_a_scope_covers_what_has_all_of_its_pairs():
    scope = Scope.parse("cluster=prod,namespace=search")
    facts = {Dimension.CLUSTER: "prod", Dimension.NAMESPACE: "search", Dimension.MODEL: "llama"}
    assert scope.covers(facts)
    assert not scope.covers({Dimension.CLUSTER: "prod"})
    assert not scope.covers({**facts, Dimension.NAMESPACE: "ads"})


@pytest.mark.parametrize("spelled", ["bedrock", "Bedrock", "AWS", "aws.bedrock", "aws"])
def test_a_scope_covers_its_provider_however_either_is_spelled(spelled):
    scope = Scope.parse(f"provider={spelled}")
    assert (scope, str(scope)) == (Scope.parse("provider=aws"), "provider=aws")
    for booked in ("aws", "bedrock", "AWS"):
        assert scope.covers({Dimension.PROVIDER: booked, Dimension.TENANT: "Acme"})
    assert not scope.covers({Dimension.PROVIDER: "openai"})
    assert not scope.covers({Dimension.TENANT: "aws"})
    assert not Scope.parse("tenant=Acme").covers(
        {Dimension.TENANT: "acme"}
    )  # a tenant's is its own


def test_a_scope_is_a_string_in_json():
    adapter = TypeAdapter(Scope)
    assert adapter.dump_json(Scope.parse("org=acme")) == b'"org=acme"'
    assert adapter.validate_json('"org=acme"') == Scope.parse("org=acme")
    with pytest.raises(ValidationError, match="dimension=value"):
        adapter.validate_python({"org": "acme"})


def test_a_figure_of_several_is_as_good_as_the_worst():
    assert worst([Quality.FINAL, Quality.ESTIMATED]) is Quality.ESTIMATED
    assert worst([Quality.FINAL, Quality.UNKNOWN]) is Quality.UNKNOWN
    assert worst([Quality.FINAL]) is Quality.FINAL
    assert worst([]) is Quality.UNKNOWN
