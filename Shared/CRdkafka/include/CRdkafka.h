/// librdkafka as Swift sees it, and what its macros and variadic calls say.
#ifndef CRDKAFKA_H
#define CRDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

/// A header of a record that is to be produced.
typedef struct {
    const char *name;
    size_t name_bytes;
    const void *value;
    size_t value_bytes;
} crd_header_t;

/// Hands one record to the producer, which copies it. A NULL value is a tombstone; one of no bytes is not.
rd_kafka_resp_err_t crd_produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, int32_t partition, const void *key,
                                size_t key_bytes, const void *value, size_t value_bytes, const crd_header_t *headers,
                                size_t header_count, void *opaque);

/// Sets a configuration property; the text says why it is refused.
int crd_set(rd_kafka_conf_t *conf, const char *name, const char *value, char *text, size_t text_bytes);

/// The logical offset "from the start of the partition".
int64_t crd_offset_beginning(void);
/// The logical offset "nothing is committed": the reset policy decides.
int64_t crd_offset_invalid(void);

#endif
