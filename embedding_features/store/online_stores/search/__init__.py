"""Vector search through Feast's API, answered from what is online, snapshot and pushes."""
