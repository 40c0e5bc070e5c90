"""The client for services: training rows, online vectors and recall of one repository."""
