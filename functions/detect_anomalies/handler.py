"""Every day for each book, and every hour for token usage: what is unusual."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.series import SeriesRun
from bursar.jobs.detect_anomalies import detect_anomalies
from bursar.settings import DetectAnomaliesSettings
from bursar.wiring import Ports


@entrypoint(SeriesRun.model_validate, DetectAnomaliesSettings)
def handler(run: SeriesRun, ports: Ports) -> dict[str, Any]:
    done = detect_anomalies(
        run,
        ports.config,
        statements=ports.statements,
        spend=ports.spend,
        history=ports.history,
        anomalies=ports.anomalies,
    )
    alerts = [alert.id for alert in done.alerts]
    return {"book": run.book, "grain": run.grain, "series": done.series, "alerts": alerts}
