"""Online stores for Feast: a snapshot is replaced in one step, pushes lie over it, reads give arrays."""
