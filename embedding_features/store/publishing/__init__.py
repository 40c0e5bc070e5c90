"""From a snapshot to Feast objects: the gate, definitions, names and the registry."""
