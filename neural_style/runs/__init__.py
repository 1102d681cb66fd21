"""Running an objective: settings, pyramid, checkpoints, results, and what they need of memory."""
