#pragma once

// Swift cannot call variadic functions: each type of argument has its own inline function here.
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <sys/socket.h>

static inline CURLcode pratique_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pratique_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pratique_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*pratique_curl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode pratique_curl_set_data_callback(CURL *easy, CURLoption option, pratique_curl_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pratique_curl_set_open_socket(CURL *easy, curl_opensocket_callback value) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLMcode pratique_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline curl_off_t pratique_curl_info_size(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/// The result of the only transfer of a multi handle, if it is done.
static inline int pratique_curl_result(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message == NULL || message->msg != CURLMSG_DONE) return 0;
    *result = message->data.result;
    return 1;
}

static inline const struct sockaddr *pratique_curl_address(const struct curl_sockaddr *address) {
    return &address->addr;
}
