"""What a month of clusters has cost, what it will come to, and how well that is known."""

from bursar.domain.cost_report.budget_lines import (
    BudgetLine,
    BudgetReading,
    MonthLimit,
    Standing,
    ThresholdLine,
)
from bursar.domain.cost_report.days import CHART_DAYS, Carried, ClusterDay, DayState, DayTotal
from bursar.domain.cost_report.parts import NamedCost, Part, Parts, Ranking
from bursar.domain.cost_report.report import (
    ClusterMonth,
    CostReport,
    SourceLine,
    SourceReading,
    build_report,
    chart_window,
)
from bursar.domain.cost_report.statement import Statement, apportion, settle

__all__ = [
    "CHART_DAYS",
    "BudgetLine",
    "BudgetReading",
    "Carried",
    "ClusterDay",
    "ClusterMonth",
    "CostReport",
    "DayState",
    "DayTotal",
    "MonthLimit",
    "NamedCost",
    "Part",
    "Parts",
    "Ranking",
    "SourceLine",
    "SourceReading",
    "Standing",
    "Statement",
    "ThresholdLine",
    "apportion",
    "build_report",
    "chart_window",
    "settle",
]
