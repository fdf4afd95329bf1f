#pragma once

#include <string>

#include "server/config.h"

// The administrator's commands. Each but `routes` and `federation` opens the data folder by itself,
// so the server must not run on it meanwhile (the error says so). They return the process's exit
// code and print for people.
namespace porchlight::server {

int user_add(const config& c, const std::string& name, const std::string& password);
int user_passwd(const config& c, const std::string& name, const std::string& password);
int user_deactivate(const config& c, const std::string& name);
// What a user's presence list and consents hold: a table for people, everything as JSON.
int user_list(const config& c, const std::string& name);
int user_export_list(const config& c, const std::string& name);
// Looks over configuration, data folder and database; prints what is wrong.
int check(const config& c);
// Walks the way to another server: discovery, TLS, keys, a signed request; prints each step. Opens
// no database, so the server may run: it must, for the last step. 1: a step failed.
int federation_check(const config& c, const std::string& server);
// The route table as JSON lines, in its order: method, path, prefixes, token, body. Opens
// no data folder.
int routes();

}  // namespace porchlight::server
