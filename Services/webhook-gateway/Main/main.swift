// Replaced by the process.
