"""What the server counts, in the text format that Prometheus reads."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "Metrics"]

LATENCIES = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Bounds of the histogram of latencies, in seconds."""

BATCHES = tuple(2**power for power in range(15))
"""Bounds of the histogram of batch sizes, in images."""


class Metrics:
    """Counters of one server.

    Attributes
    ----------
    requests : Counter
        By route and status; what was refused for being too busy has the status 429.
    seconds : Histogram
        By route: from a request's head to its answer.
    images, batches, waiting : Counter, Histogram, Gauge
        By model: images answered, images computed together, images that wait to be computed.
    loads, loaded_at : Counter, Gauge
        By model: files loaded and refused; when the one in use was loaded.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "tenfold_requests", "Requests answered.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "tenfold_request_seconds",
            "From a request's head to its answer.",
            ["route"],
            buckets=LATENCIES,
            registry=registry,
        )
        self.images = Counter("tenfold_images", "Images answered.", ["model"], registry=registry)
        self.batches = Histogram(
            "tenfold_batch_images",
            "Images computed together.",
            ["model"],
            buckets=BATCHES,
            registry=registry,
        )
        self.waiting = Gauge(
            "tenfold_queue_images", "Images that wait to be computed.", ["model"], registry=registry
        )
        self.loads = Counter(
            "tenfold_model_loads", "Model files loaded or refused.", ["model", "result"], registry=registry
        )
        self.loaded_at = Gauge(
            "tenfold_model_loaded_timestamp_seconds",
            "When the model in use was loaded.",
            ["model"],
            registry=registry,
        )

        self._of_route = lru_cache(1024)(self._labelled)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        requests, latencies = self._of_route(route, status)
        requests.inc()
        latencies.observe(seconds)

    def _labelled(self, route: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(route, status), self.seconds.labels(route)

    def text(self) -> bytes:
        """Write all figures as Prometheus reads them."""
        return generate_latest(self._registry)
