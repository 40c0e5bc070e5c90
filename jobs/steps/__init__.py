"""The steps of a pipeline, each resumable: what is finished is found and kept."""
