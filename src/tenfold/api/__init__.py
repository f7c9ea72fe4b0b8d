"""One function a command: the only place where data, recipe, engine, model and evaluation meet."""
