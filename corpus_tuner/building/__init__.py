"""From a corpus to an index: build, add, remove, merge, repair, on one machine or with Ray."""
