// The yardstick of the Kafka log: what a plain C program reaches with the same library, properties and brokers.
#include "plain_kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double plain_cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *const *properties,
                          void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *), void *opaque) {
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (; properties[0] != NULL; properties += 2)
        if (rd_kafka_conf_set(conf, properties[0], properties[1], text, sizeof text) != RD_KAFKA_CONF_OK)
            fprintf(stderr, "plain kafka: %s\n", text);
    if (report != NULL) rd_kafka_conf_set_dr_msg_cb(conf, report);
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_t *made = rd_kafka_new(type, conf, text, sizeof text);
    if (made == NULL) fprintf(stderr, "plain kafka: %s\n", text);
    return made;
}

typedef struct {
    int64_t delivered, failed;
} reports_t;

// Each message carries the count of what its batch still waits for.
static void report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
    reports_t *reports = opaque;
    reports->delivered++;
    if (message->err) reports->failed++;
    --*(int64_t *)message->_private;
}

plain_run_t plain_kafka_append(const char *const *properties, const char *topic, int partitions, int64_t count,
                               int64_t writers, int64_t batch) {
    plain_run_t run = {-1, 0};
    reports_t reports = {0, 0};
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, properties, report, &reports);
    if (producer == NULL) return run;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(producer, topic, NULL);
    char value[1024];
    memset(value, 'x', sizeof value);
    char(*keys)[32] = calloc((size_t)count, sizeof *keys);
    for (int64_t i = 0; i < count; i++) snprintf(keys[i], sizeof keys[i], "key-%lld", (long long)i);
    double cpu = plain_cpu_seconds(), start = now();
    // As many batches under way as there are writers; the next one goes when one is whole.
    int64_t *missing = calloc((size_t)writers, sizeof *missing);
    for (int64_t sent = 0; sent < count;) {
        for (int64_t writer = 0; writer < writers && sent < count; writer++) {
            if (missing[writer] > 0) continue;
            missing[writer] = batch;
            for (int64_t i = 0; i < batch; i++, sent++) {
                const char *key = keys[sent];
                while (rd_kafka_produce(handle, (int32_t)(sent % partitions), RD_KAFKA_MSG_F_COPY, value,
                                        sizeof value, key, strlen(key), &missing[writer]) != 0)
                    rd_kafka_poll(producer, 10);
            }
        }
        rd_kafka_poll(producer, 10);
    }
    while (reports.delivered < count) rd_kafka_poll(producer, 10);
    free(missing);
    free(keys);
    run.seconds = reports.failed == 0 ? now() - start : -1;
    run.cpu_seconds = plain_cpu_seconds() - cpu;
    if (reports.failed) fprintf(stderr, "plain kafka: %lld records failed\n", (long long)reports.failed);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(producer);
    return run;
}

plain_run_t plain_kafka_consume(const char *const *properties, const char *topic, int partitions, int64_t count) {
    plain_run_t run = {-1, 0};
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, properties, NULL, NULL);
    if (consumer == NULL) return run;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    double cpu = plain_cpu_seconds(), start = now();
    for (int partition = 0; partition < partitions; partition++)
        rd_kafka_consume_start_queue(handle, partition, RD_KAFKA_OFFSET_BEGINNING, queue);
    rd_kafka_message_t *messages[64];
    int64_t bytes = 0;
    for (int64_t seen = 0; seen < count;) {
        // With a timeout a batch waits until it is full: so what is there at once, or else the next one.
        ssize_t got = rd_kafka_consume_batch_queue(queue, 0, messages, 64);
        if (got == 0 && (messages[0] = rd_kafka_consume_queue(queue, 100)) != NULL) got = 1;
        for (ssize_t i = 0; i < got; i++) {
            if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                seen++;
                bytes += (int64_t)messages[i]->len;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    run.seconds = bytes > 0 ? now() - start : -1;
    run.cpu_seconds = plain_cpu_seconds() - cpu;
    for (int partition = 0; partition < partitions; partition++) rd_kafka_consume_stop(handle, partition);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(consumer);
    return run;
}
