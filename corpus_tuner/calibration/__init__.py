"""Parameters that are chosen without labels: ranker weights, search depth of ANN indexes."""
