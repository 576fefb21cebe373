# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads at /metrics, made from each input's Health. Needs the extra ``metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Union

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricSource

from slack_audit_input import __version__
from slack_audit_input.collector.counters import MEANINGS
from slack_audit_input.hosts.cli.health import COLLECTING, STANDBY, Health, Sample

PREFIX = "slack_audit_"
LABELS = ("account", "input")
Families = dict[str, Union[GaugeMetricFamily, CounterMetricFamily]]


class Source(MetricSource):
    """Metrics of inputs, made anew at each request."""

    def __init__(self, healths: Sequence[Health]) -> None:
        self._healths = healths

    def collect(self) -> Iterator[Metric]:
        """Gauges, and the counters of all runs as far as this process has read them."""
        info = GaugeMetricFamily(f"{PREFIX}info", "The collector's version.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        families: Families = {}
        for health in self._healths:
            _gauges(families, health)
            if health.sample is not None:
                _counters(families, health, health.sample)
        yield from families.values()


def _gauges(families: Families, health: Health) -> None:
    def gauge(name: str, meaning: str, value: float) -> None:
        if name not in families:
            families[name] = GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=LABELS)
        families[name].add_metric([health.account, health.input], value)

    gauge("up", "1 while nothing is wrong.", float(not health.trouble()))
    gauge("active", "1 while it collects.", float(health.state == COLLECTING))
    gauge("standby", "1 while it stands by.", float(health.state == STANDBY))
    gauge("takeovers", "Times this process began to collect.", health.took_over)
    waits = "Seconds that the output has kept the page in hand waiting."
    gauge("output_wait_seconds", waits, health.waiting_for_host())
    for name, age in health.ages().items():
        gauge(f"{name}_age_seconds", f"Seconds since the last good {name}.", age)
    sample = health.sample
    if sample is not None:
        gauge("lag_seconds", "Seconds behind Slack's clock.", sample.lag)
        gauge("backlog_seconds", "Seconds never read yet.", sample.backlog)
        gauge("budget_calls_per_minute", "Calls a minute allowed.", sample.budget)
        gauge("budget_calls_used", "Calls in the last minute.", sample.used)
        waiting = "Closed hours that wait for their coverage record."
        gauge("coverage_hours_waiting", waiting, sample.hours_waiting)


def _counters(families: Families, health: Health, sample: Sample) -> None:
    for name, meaning in MEANINGS.items():
        if name not in families:
            families[name] = CounterMetricFamily(f"{PREFIX}{name}", meaning, labels=LABELS)
        families[name].add_metric([health.account, health.input], sample.total.get(name, 0))


def page_of(healths: Sequence[Health]) -> bytes:
    """The page, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Source(healths))
    found: bytes = generate_latest(registry)
    return found
