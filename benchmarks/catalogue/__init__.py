"""The catalogue of methods: what each reaches on public data, beside what was published."""
