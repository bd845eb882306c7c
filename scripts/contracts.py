"""An import contract that may name packages of the plan before they are built.

import-linter's layers have parentheses for this; its forbidden contract has nothing, and refuses a
name it cannot find. ``tests/architecture`` makes sure that every name is one of the plan, so that a
slip of the pen does not go unnoticed. When all are built, ``type = "forbidden"`` does the same.
"""

from __future__ import annotations

from typing import cast

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.domain.imports import ModuleExpression


class ForbiddenOnceBuilt(ForbiddenContract):
    """A forbidden contract about those of its own modules that exist."""

    type_name = "forbidden_once_built"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Leave aside what is not built yet, then check the rest as usual."""
        roots = tuple(self.session_options["root_packages"])

        def built(modules: object) -> set[ModuleExpression]:
            expressions = cast("set[ModuleExpression]", modules)
            return {
                module
                for module in expressions
                if module.expression in graph.modules
                or module.expression.split(".")[0] not in roots
            }

        self.source_modules = built(self.source_modules)
        self.forbidden_modules = built(self.forbidden_modules)
        return super().check(graph, verbose)
