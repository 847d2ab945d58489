"""Local models: their weights, their rendering, and the models themselves."""
