"""Search for a better recipe, with Optuna."""
