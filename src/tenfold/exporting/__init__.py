"""A model for other programs: as an ONNX file, as a PyTorch module, as a page."""
