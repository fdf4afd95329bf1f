#include "person/curl.h"

#include <dlfcn.h>

#include "person/failure.h"

namespace porchlight::person {

namespace {

constexpr auto library_name = "libcurl.so.4";  // its ABI, as the headers here have it

template <class F>
void find(void* library, const char* name, F& out) {
    out = reinterpret_cast<F>(::dlsym(library, name));
    if (out == nullptr) {
        throw failed{std::string(library_name) + " has no " + name + "; is it another version?"};
    }
}

curl load() {
    void* const l = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (l == nullptr) {
        const char* const why = ::dlerror();
        throw failed{std::string("this command needs libcurl (Debian's package libcurl4): ") +
                     (why == nullptr ? "it does not load" : why)};
    }
    curl c{};
    find(l, "curl_global_init", c.global_init);
    find(l, "curl_easy_init", c.easy_init);
    find(l, "curl_easy_cleanup", c.easy_cleanup);
    find(l, "curl_easy_setopt", c.setopt);
    find(l, "curl_easy_perform", c.perform);
    find(l, "curl_easy_getinfo", c.info);
    find(l, "curl_easy_strerror", c.sentence);
    find(l, "curl_slist_append", c.append);
    find(l, "curl_slist_free_all", c.free_all);
    find(l, "curl_multi_init", c.multi_init);
    find(l, "curl_multi_cleanup", c.multi_cleanup);
    find(l, "curl_multi_add_handle", c.multi_add);
    find(l, "curl_multi_remove_handle", c.multi_remove);
    find(l, "curl_multi_perform", c.multi_perform);
    find(l, "curl_multi_poll", c.multi_poll);
    find(l, "curl_multi_info_read", c.multi_read);
    c.global_init(CURL_GLOBAL_DEFAULT);
    return c;
}

}  // namespace

const curl& curl::loaded() {
    static const curl once = load();
    return once;
}

}  // namespace porchlight::person
