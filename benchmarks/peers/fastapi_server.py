"""FastAPI with PyTorch: pixels in, probabilities out, both as bytes with nothing around them.

MODEL=model.safetensors python -m benchmarks.peers.fastapi_server PORT PROCESSES
"""

import os
import sys

import torch
import torch.nn.functional as F
import uvicorn
from fastapi import FastAPI, Request, Response
from safetensors.torch import load_file

from benchmarks.mnist import MEAN, NETWORK, STD

torch.set_num_threads(1)  # what suits small batches; the processes share the cores
app = FastAPI()
weights = load_file(os.environ["MODEL"])
layers = [(weights[f"l{k}.weight"], weights[f"l{k}.bias"]) for k in range(1, NETWORK.layers + 1)]


@app.post("/predict")
async def predict(request: Request) -> Response:
    pixels = torch.frombuffer(bytearray(await request.body()), dtype=torch.uint8)
    return Response(probabilities(pixels).numpy().tobytes(), media_type="application/octet-stream")


@torch.inference_mode()
def probabilities(pixels: torch.Tensor) -> torch.Tensor:
    x = pixels.view(-1, NETWORK.inputs).float().div_(255).sub_(MEAN).div_(STD)
    for weight, bias in layers[:-1]:
        x = F.linear(x, weight, bias).relu_()
    return F.linear(x, *layers[-1]).softmax(dim=1)


if __name__ == "__main__":
    port, processes = map(int, sys.argv[1:])
    uvicorn.run(
        "benchmarks.peers.fastapi_server:app",
        port=port,
        workers=processes,
        log_level="warning",
        access_log=False,
    )
