#include "CRdkafka.h"

rd_kafka_resp_err_t crd_produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, int32_t partition, const void *key,
                                size_t key_bytes, const void *value, size_t value_bytes, const crd_header_t *headers,
                                size_t header_count, void *opaque) {
    if (header_count == 0) {
        if (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value, value_bytes, key, key_bytes,
                             opaque) == 0)
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        return rd_kafka_last_error();
    }
    rd_kafka_headers_t *list = rd_kafka_headers_new(header_count);
    for (size_t i = 0; i < header_count; i++)
        rd_kafka_header_add(list, headers[i].name, (ssize_t)headers[i].name_bytes, headers[i].value,
                            (ssize_t)headers[i].value_bytes);
    rd_kafka_resp_err_t error =
        rd_kafka_producev(producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_bytes),
                          RD_KAFKA_V_VALUE((void *)value, value_bytes), RD_KAFKA_V_HEADERS(list),
                          RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    // On success the producer owns the list.
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(list);
    return error;
}

int crd_set(rd_kafka_conf_t *conf, const char *name, const char *value, char *text, size_t text_bytes) {
    return rd_kafka_conf_set(conf, name, value, text, text_bytes) == RD_KAFKA_CONF_OK;
}

int64_t crd_offset_beginning(void) { return RD_KAFKA_OFFSET_BEGINNING; }
int64_t crd_offset_invalid(void) { return RD_KAFKA_OFFSET_INVALID; }
