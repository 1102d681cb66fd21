"""Contact sheets: combinations of settings, painted small and arranged in a grid."""
