"""Jobs that run from logs to an ablation or a service, and their command line."""
