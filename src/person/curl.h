#pragma once

#include <curl/curl.h>

namespace porchlight::person {

// libcurl, loaded by the first command that speaks to a server as a person: linked, it and the
// thirty libraries behind it would be in each server's memory (decision 0032). Any thread.
struct curl {
    // Throws failed, with the package's name, when it isn't there.
    static const curl& loaded();

    decltype(&curl_global_init) global_init;
    decltype(&curl_easy_init) easy_init;
    decltype(&curl_easy_cleanup) easy_cleanup;
    decltype(&curl_easy_setopt) setopt;
    decltype(&curl_easy_perform) perform;
    decltype(&curl_easy_getinfo) info;
    decltype(&curl_easy_strerror) sentence;
    decltype(&curl_slist_append) append;
    decltype(&curl_slist_free_all) free_all;
    decltype(&curl_multi_init) multi_init;
    decltype(&curl_multi_cleanup) multi_cleanup;
    decltype(&curl_multi_add_handle) multi_add;
    decltype(&curl_multi_remove_handle) multi_remove;
    decltype(&curl_multi_perform) multi_perform;
    decltype(&curl_multi_poll) multi_poll;
    decltype(&curl_multi_info_read) multi_read;
};

}  // namespace porchlight::person
