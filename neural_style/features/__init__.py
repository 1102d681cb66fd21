"""VGG feature extractors with named layers, truncated at the deepest layer in use; and statistics of their features."""
