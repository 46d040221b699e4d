"""Bills that are written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

LEGACY = (
    "identity/LineItemId,identity/TimeInterval,lineItem/UsageStartDate,lineItem/UnblendedCost,"
    "lineItem/CurrencyCode,lineItem/ProductCode,lineItem/LineItemType\n"
)
SNAKE = (
    "line_item_unblended_cost,identity_line_item_id,identity_time_interval,"
    "line_item_usage_start_date,line_item_currency_code,line_item_product_code,"
    "line_item_line_item_type,resource_tags\n"
)
DAY_1 = "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z"
DAY_2 = "2026-11-02T00:00:00Z/2026-11-03T00:00:00Z"
FOCUS_HEADER = (
    "BilledCost,BillingCurrency,ChargePeriodStart,ChargeCategory,ServiceName,ProviderName\n"
)

Run = Callable[..., tuple[int, str, str]]
GOOD = f"a,{DAY_1},2026-11-01,1,USD,AmazonS3,Usage\n"


def written(tmp_path: Path, text: str | bytes, name: str = "bill.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
