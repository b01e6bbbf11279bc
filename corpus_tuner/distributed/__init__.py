"""Builds on several machines, by Ray Data: every one makes shards, this one commits them."""

from corpus_tuner.distributed.settings import RaySettings

__all__ = ["RaySettings"]
