"""Contact sheets: combinations of settings, painted small and laid out in a grid."""
