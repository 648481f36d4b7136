#pragma once
#include <stdint.h>

/// Inserts `count` records of 1 KiB into `records` of an existing log file with the columns of the log's own insert, one
/// transaction per `batch`, synchronous=FULL, journal_mode=WAL. Returns seconds, or a negative SQLite error code.
double plain_loop(const char *path, int64_t count, int64_t batch, int64_t first_row);
