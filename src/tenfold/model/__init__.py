"""Networks, preprocessing, model files and prediction."""
