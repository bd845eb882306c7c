"""The audit trail beyond its rows: checkpoints, verification, and feeds to other systems."""
