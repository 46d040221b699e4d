"""Series of cost: what the books say, period by period, as forecasts and anomalies read it."""
