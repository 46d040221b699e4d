"""UpdateExpressions, parsed once for each text.

moto parses the expression of every update twice, copies the tree with `deepcopy`, and asks at each
of its nodes anew which nodes are looked for; ten times over, once for each of its checks.
"""

from __future__ import annotations

import pickle
from typing import Any, TypeVar

from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined] # of an untyped file
    DepthFirstTraverser,
    Node,
)

T = TypeVar("T")


def copied(tree: T) -> T:
    """`deepcopy` of a tree of nodes."""
    return pickle.loads(pickle.dumps(tree, pickle.HIGHEST_PROTOCOL))  # type: ignore[no-any-return] # noqa: S301 - our own


def traverse(traverser: DepthFirstTraverser, node: Any) -> Any:
    """`DepthFirstTraverser.traverse`: children first, each replaced by what becomes of it."""
    wanted = traverser.nodes_to_be_processed()

    def visit(node: Any, place: int) -> Any:
        if Node not in type(node).__mro__:
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, number)
            visit(child, number)
        # not `isinstance`: of an abstract base class, which Node is, it is slow
        if any(kind in type(node).__mro__ for kind in wanted):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return visit(node, -1)
