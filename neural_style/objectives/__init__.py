"""Objectives: sums of weighted terms as differentiable functions of the pastiche."""
