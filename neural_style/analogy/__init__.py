"""Image analogies: the settings in `technique`, and what is minimised in `objective`."""
