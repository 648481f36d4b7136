#include "CRdkafkaMock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

struct crd_mock {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
};

crd_mock_t *crd_mock_new(int brokers, char *text, size_t text_bytes) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, text_bytes);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, brokers);
    crd_mock_t *mock = cluster == NULL ? NULL : malloc(sizeof(*mock));
    if (mock == NULL) {
        if (cluster != NULL) rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(client);
        return NULL;
    }
    mock->client = client;
    mock->cluster = cluster;
    return mock;
}

const char *crd_mock_brokers(const crd_mock_t *mock) { return rd_kafka_mock_cluster_bootstraps(mock->cluster); }

int crd_mock_create_topic(crd_mock_t *mock, const char *name, int partitions, int replicas) {
    return (int)rd_kafka_mock_topic_create(mock->cluster, name, partitions, replicas);
}

void crd_mock_set_up(crd_mock_t *mock, int broker, int is_up) {
    if (is_up)
        rd_kafka_mock_broker_set_up(mock->cluster, broker);
    else
        rd_kafka_mock_broker_set_down(mock->cluster, broker);
}

void crd_mock_destroy(crd_mock_t *mock) {
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->client);
    free(mock);
}

static int is_gone(rd_kafka_t *client, const char *name) {
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(client, 1, NULL, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    int found = 0;
    for (int i = 0; i < metadata->topic_cnt; i++) found |= strcmp(metadata->topics[i].topic, name) == 0;
    rd_kafka_metadata_destroy(metadata);
    return !found;
}

int crd_delete_topic(const char *brokers, const char *name) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *wish = rd_kafka_DeleteTopic_new(name);
    rd_kafka_DeleteTopics(client, &wish, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    int code = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (code == 0) {
        size_t count = 0;
        const rd_kafka_topic_result_t **results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
        if (count == 1) code = rd_kafka_topic_result_error(results[0]);
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) code = 0;
    for (int i = 0; code == 0 && !is_gone(client, name); i++)
        if (i > 300) code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event != NULL) rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(wish);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return code;
}
