"""The fields that rankers get from each kind of pretrained feature, one kind a file."""
