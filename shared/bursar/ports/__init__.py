"""Everything Bursar needs from outside, by noun.

Each protocol has an AWS (or Kubernetes) adapter, a memory adapter, and one contract suite
that both pass. Times are aware and UTC.
"""

from bursar.ports.admission import ReservationStore
from bursar.ports.clusters import (
    ClusterReader,
    ClusterUseStore,
    CostHistory,
    FileSystemCatalogue,
    LifetimeStore,
    MetricsSource,
    ReservationCatalogue,
    SnapshotStore,
    VolumeCatalogue,
)
from bursar.ports.governance import (
    Allowances,
    ApproverChat,
    AuditAnchors,
    AuditChain,
    AuditIntents,
    AuditReader,
    ExceptionHistory,
    ExceptionStore,
    Handover,
    JobApprovals,
    TaskTokens,
    Workflow,
)
from bursar.ports.ledger import (
    ClosedMonthStore,
    ConflictLog,
    EnforcedWindows,
    EntryReader,
    LedgerStore,
    MonthGates,
    StatementStore,
    TouchedHours,
)
from bursar.ports.messages import HealthLog, Outbox, Publisher
from bursar.ports.prices import (
    CheckedPriceList,
    InstanceCatalogue,
    PriceBook,
    PriceList,
    PriceStore,
    SpotHistory,
    TokenPriceBook,
    TokenPriceSchedule,
)
from bursar.ports.series import AnomalyStore, BilledForecaster, ForecastStore
from bursar.ports.spend import Bill, BudgetStore, Counter, ProviderBill, SpendStore
from bursar.ports.stops import ClusterObjects, EventBus, StopStore
from bursar.ports.usage import BedrockMeter, BulkUsageSums, Quarantine, UsageArchive

__all__ = [
    "Allowances",
    "AnomalyStore",
    "ApproverChat",
    "AuditAnchors",
    "AuditChain",
    "AuditIntents",
    "AuditReader",
    "BedrockMeter",
    "Bill",
    "BilledForecaster",
    "BudgetStore",
    "BulkUsageSums",
    "CheckedPriceList",
    "ClosedMonthStore",
    "ClusterObjects",
    "ClusterReader",
    "ClusterUseStore",
    "ConflictLog",
    "CostHistory",
    "Counter",
    "EnforcedWindows",
    "EntryReader",
    "EventBus",
    "ExceptionHistory",
    "ExceptionStore",
    "FileSystemCatalogue",
    "ForecastStore",
    "Handover",
    "HealthLog",
    "InstanceCatalogue",
    "JobApprovals",
    "LedgerStore",
    "LifetimeStore",
    "MetricsSource",
    "MonthGates",
    "Outbox",
    "PriceBook",
    "PriceList",
    "PriceStore",
    "ProviderBill",
    "Publisher",
    "Quarantine",
    "ReservationCatalogue",
    "ReservationStore",
    "SnapshotStore",
    "SpendStore",
    "SpotHistory",
    "StatementStore",
    "StopStore",
    "TaskTokens",
    "TokenPriceBook",
    "TokenPriceSchedule",
    "TouchedHours",
    "UsageArchive",
    "VolumeCatalogue",
    "Workflow",
]
