"""Typed models of recipes and of the settings for fine-tuning."""
