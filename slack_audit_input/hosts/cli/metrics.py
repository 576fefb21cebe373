# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads at /metrics, made from a Health. Needs the extra ``metrics``."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricSource

from slack_audit_input import __version__
from slack_audit_input.collector.counters import MEANINGS
from slack_audit_input.hosts.cli.health import COLLECTING, STANDBY, Health

PREFIX = "slack_audit_"
LABELS = ("account", "input")


class Source(MetricSource):
    """Metrics of one input, made anew at each request."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Gauges, and the counters of all runs as far as this process has read them."""
        health = self._health
        info = GaugeMetricFamily(f"{PREFIX}info", "The collector's version.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield self._gauge("up", "1 while nothing is wrong.", float(not health.trouble()))
        yield self._gauge("active", "1 while it collects.", float(health.state == COLLECTING))
        yield self._gauge("standby", "1 while it stands by.", float(health.state == STANDBY))
        yield self._gauge("takeovers", "Times this process began to collect.", health.took_over)
        waits = "Seconds that the output has kept the page in hand waiting."
        yield self._gauge("output_wait_seconds", waits, health.waiting_for_host())
        for name, age in health.ages().items():
            yield self._gauge(f"{name}_age_seconds", f"Seconds since the last good {name}.", age)
        sample = health.sample
        if sample is None:
            return
        yield self._gauge("lag_seconds", "Seconds behind Slack's clock.", sample.lag)
        yield self._gauge("backlog_seconds", "Seconds never read yet.", sample.backlog)
        yield self._gauge("budget_calls_per_minute", "Calls a minute allowed.", sample.budget)
        yield self._gauge("budget_calls_used", "Calls in the last minute.", sample.used)
        waiting = "Closed hours that wait for their coverage record."
        yield self._gauge("coverage_hours_waiting", waiting, sample.hours_waiting)
        for name, meaning in MEANINGS.items():
            counter = CounterMetricFamily(f"{PREFIX}{name}", meaning, labels=LABELS)
            counter.add_metric([health.account, health.input], sample.total.get(name, 0))
            yield counter

    def _gauge(self, name: str, meaning: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=LABELS)
        gauge.add_metric([self._health.account, self._health.input], value)
        return gauge


def page_of(health: Health) -> bytes:
    """The page, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Source(health))
    found: bytes = generate_latest(registry)
    return found
