#pragma once

#include "client_api/call.h"

// End-to-end encryption: keys of devices, cross-signing, backups of room keys.
namespace porchlight::client_api {

void upload_keys(call_ptr c);
void query_keys(call_ptr c);
void claim_keys(call_ptr c);
void changed_keys(call_ptr c);
void upload_cross_signing_keys(call_ptr c);
void upload_key_signatures(call_ptr c);

void make_key_backup(call_ptr c);
void key_backup(call_ptr c);  // the newest, or a version
void change_key_backup(call_ptr c);
void remove_key_backup(call_ptr c);
void backed_up_keys(call_ptr c);  // all, of a room, or of a session
void back_up_keys(call_ptr c);
void remove_backed_up_keys(call_ptr c);

}  // namespace porchlight::client_api
