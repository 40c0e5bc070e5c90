"""What is to be ranked: the labels, their side tables and times."""
