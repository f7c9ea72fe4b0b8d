"""Recipes, engines, runs."""
