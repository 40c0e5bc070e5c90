"""The fields that rankers get of each kind of pretrained feature, one kind a file."""
