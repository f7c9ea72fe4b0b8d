"""LitServe with PyTorch, requests batched; it takes JSON, so that pixels and probabilities travel as base64.

MODEL=model.safetensors python -m benchmarks.peers.litserve_server PORT PROCESSES
"""

import base64
import sys

import litserve
import torch

from benchmarks.peers.fastapi_server import probabilities


class Classifier(litserve.LitAPI):
    """What LitServe asks of a model."""

    def setup(self, device: str) -> None:
        """Use one thread a process."""
        torch.set_num_threads(1)

    def decode_request(self, request: dict) -> torch.Tensor:
        """Read one request."""
        return torch.frombuffer(bytearray(base64.b64decode(request["images"])), dtype=torch.uint8)

    def batch(self, inputs: list) -> tuple[torch.Tensor, list[int]]:
        """Join requests."""
        return torch.cat(inputs), [len(pixels) // 784 for pixels in inputs]

    def predict(self, batch: tuple[torch.Tensor, list[int]]) -> tuple:
        """Compute a batch."""
        pixels, counts = batch
        return probabilities(pixels).split(counts)

    def unbatch(self, output: tuple) -> list:
        """Part what was joined."""
        return list(output)

    def encode_response(self, output: torch.Tensor) -> dict:
        """Write one answer."""
        return {"probabilities": base64.b64encode(output.numpy().tobytes()).decode()}


if __name__ == "__main__":
    port, processes = map(int, sys.argv[1:])
    server = litserve.LitServer(
        Classifier(max_batch_size=64, batch_timeout=0.001),
        accelerator="cpu",
        workers_per_device=processes,
        fast_queue=True,
    )
    server.run(
        host="127.0.0.1",
        port=port,
        num_api_servers=processes,
        log_level="warning",
        generate_client_file=False,
    )
