"""Other people's logs and tables, read by one set of rules: files, columns, times, and what is dropped."""
