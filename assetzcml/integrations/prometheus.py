"""The counters of a registry for Prometheus. Needs prometheus-client: pip install "assetzcml[prometheus]"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import MissingExtra

try:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ModuleNotFoundError as error:
    if error.name != "prometheus_client":
        raise
    needed = (
        'counters for Prometheus need prometheus-client, which is not installed; pip install "assetzcml[prometheus]"'
    )
    raise MissingExtra(needed) from None

__all__ = ["CONTENT_TYPE", "AssetCollector", "metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS = {
    "read_bytes": "Bytes read from files, or left to the server to send.",
    "evictions": "Assets that had to make room in memory.",
    "digests": "Digests that were made.",
}
GAUGES = {"kept_assets": "Assets in memory.", "kept_bytes": "Bytes of assets in memory."}


class AssetCollector:
    """
    What `registry.statistics()` counts, for a registry of prometheus_client: `REGISTRY.register(AssetCollector(registry))`.

    >>> from assetzcml import AssetRegistry
    >>> [family.name for family in AssetCollector(AssetRegistry()).collect()][:2]
    ['assetzcml_answers', 'assetzcml_read_bytes']
    """

    def __init__(self, registry: AssetRegistry):
        self._registry = registry

    def collect(self) -> Iterator[Any]:
        """The families of metrics, as prometheus_client asks for them."""
        told, healthy = self._registry.statistics(), self._registry.health()["healthy"]
        answers = CounterMetricFamily("assetzcml_answers", "Answers, by status.", labels=["status"])
        for status, number in sorted(told["answers"].items(), key=lambda pair: str(pair[0])):
            answers.add_metric([str(status)], number)
        yield answers
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"assetzcml_{name}", text, value=told[name])
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(f"assetzcml_{name}", text, value=told[name])
        yield GaugeMetricFamily("assetzcml_healthy", "1 where all published roots are there.", value=int(healthy))
        yield GaugeMetricFamily(
            "assetzcml_reload_failed",
            "1 where the last reload failed, and the configuration before it is in force.",
            value=int(told["reload_failed"] is not None),
        )


def metrics(registry: AssetRegistry) -> bytes:
    """The counters in the text format of Prometheus; what else the process counts is not among them."""
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(AssetCollector(registry))
    text: bytes = generate_latest(collectors)
    return text
