"""Reading and writing: files, lines, Delta tables, batches. The rim of the package."""
