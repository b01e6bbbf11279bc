"""Fine-tuning without labels: generators on accepted views, encoders on synthetic queries."""
