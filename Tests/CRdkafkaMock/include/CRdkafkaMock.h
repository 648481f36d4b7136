/// librdkafka's own test cluster: brokers on loopback, in this process, that other processes can connect to.
#ifndef CRDKAFKA_MOCK_H
#define CRDKAFKA_MOCK_H

#include <stddef.h>

typedef struct crd_mock crd_mock_t;

/// NULL when it cannot be made; the text says why.
crd_mock_t *crd_mock_new(int brokers, char *text, size_t text_bytes);
/// `host:port`, several separated by commas; lives as long as the cluster.
const char *crd_mock_brokers(const crd_mock_t *mock);
/// 0, or an error code of librdkafka.
int crd_mock_create_topic(crd_mock_t *mock, const char *name, int partitions, int replicas);
void crd_mock_set_up(crd_mock_t *mock, int broker, int is_up);
/// Deletes a topic of real brokers, and returns when it is gone: 0, or an error code of librdkafka.
int crd_delete_topic(const char *brokers, const char *name);
/// Deletes every group of real brokers, with the positions that it stored: 0, or an error code of librdkafka.
int crd_delete_groups(const char *brokers);
void crd_mock_destroy(crd_mock_t *mock);

#endif
