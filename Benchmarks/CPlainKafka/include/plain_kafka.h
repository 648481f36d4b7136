#ifndef PLAIN_KAFKA_H
#define PLAIN_KAFKA_H

#include <stdint.h>

/// What a run took. `seconds` below zero is an error, said on stderr.
typedef struct {
    double seconds;
    double cpu_seconds;
} plain_run_t;

/// `writers` batches are under way at a time, each of `batch` records of 1 KiB. Properties are pairs of name and value, ended by NULL.
plain_run_t plain_kafka_append(const char *const *properties, const char *topic, int partitions, int64_t count,
                               int64_t writers, int64_t batch);
plain_run_t plain_kafka_consume(const char *const *properties, const char *topic, int partitions, int64_t count);

/// CPU seconds of this process so far.
double plain_cpu_seconds(void);

#endif
