"""Forecasts of many series at once: the path, its total and how far the total may be wrong."""

from bursar.domain.forecast.engine import Forecast, ForecastInputError, forecast

__all__ = ["Forecast", "ForecastInputError", "forecast"]
