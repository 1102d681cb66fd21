"""The eye: a network of the VGG family with named layers, cut at the deepest one used."""
