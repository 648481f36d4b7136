#include "CRdkafkaMock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct crd_mock {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
};

static int is_port_of(const char *brokers, int port) {
    char text[16];
    snprintf(text, sizeof text, ":%d", port);
    for (const char *at = strstr(brokers, text); at != NULL; at = strstr(at + 1, text)) {
        char after = at[strlen(text)];
        if (after == ',' || after == 0) return 1;
    }
    return 0;
}

// Brokers send answers at once. These would hold the second of two back until the client has acknowledged the first,
// which takes it 40 ms. Connections inherit this from the socket that accepts them, and that can only be found.
static void send_at_once(const char *brokers) {
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        int fd = atoi(entry->d_name), is_listening = 0, yes = 1;
        socklen_t bytes = sizeof is_listening;
        struct sockaddr_in address;
        socklen_t address_bytes = sizeof address;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &bytes) != 0 || !is_listening) continue;
        if (getsockname(fd, (struct sockaddr *)&address, &address_bytes) != 0 || address.sin_family != AF_INET) continue;
        if (is_port_of(brokers, ntohs(address.sin_port))) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    closedir(folder);
}

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
    send_at_once(crd_mock_brokers(mock));
    return mock;
}

const char *crd_mock_brokers(const crd_mock_t *mock) { return rd_kafka_mock_cluster_bootstraps(mock->cluster); }

int crd_mock_create_topic(crd_mock_t *mock, const char *name, int partitions, int replicas) {
    return (int)rd_kafka_mock_topic_create(mock->cluster, name, partitions, replicas);
}

void crd_mock_set_up(crd_mock_t *mock, int broker, int is_up) {
    if (!is_up) {
        rd_kafka_mock_broker_set_down(mock->cluster, broker);
        return;
    }
    rd_kafka_mock_broker_set_up(mock->cluster, broker);
    send_at_once(crd_mock_brokers(mock));
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

int crd_delete_groups(const char *brokers) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    const struct rd_kafka_group_list *found = NULL;
    int code = rd_kafka_list_groups(client, NULL, &found, 30000);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    for (int i = 0; code == 0 && i < found->group_cnt; i++) {
        rd_kafka_DeleteGroup_t *wish = rd_kafka_DeleteGroup_new(found->groups[i].group);
        rd_kafka_DeleteGroups(client, &wish, 1, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
        code = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
        if (code == 0) {
            size_t count = 0;
            const rd_kafka_group_result_t **results =
                rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
            const rd_kafka_error_t *error = count == 1 ? rd_kafka_group_result_error(results[0]) : NULL;
            if (error != NULL) code = rd_kafka_error_code(error);
            if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) code = 0;
        }
        if (event != NULL) rd_kafka_event_destroy(event);
        rd_kafka_DeleteGroup_destroy(wish);
    }
    if (found != NULL) rd_kafka_group_list_destroy(found);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return code;
}
