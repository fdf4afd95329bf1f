#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every limit of the server in one place. What happens at each is said beside it and tested; each
// one that a peer can reach is counted in porchlight_limits_reached_total{limit="..."}.
namespace porchlight::base::limits {

using namespace std::chrono_literals;

// HTTP (net/)
inline constexpr std::size_t head_bytes_max = 16 * 1024;    // longer: 431, close
inline constexpr std::size_t header_count_max = 100;        // more: 431, close
inline constexpr std::size_t target_bytes_max = 8 * 1024;   // longer: 414, close
inline constexpr std::size_t body_bytes_max = 1024 * 1024;  // longer: 413; uploads: their own
inline constexpr std::size_t partial_bytes_max =
    64 * 1024 * 1024;  // unfinished, a thread: 503, close
inline constexpr std::size_t long_bodies_bytes_max =
    48 * 1024 * 1024;  // of that in bodies above the usual: 503, close
inline constexpr std::size_t long_body_rate_min = 32 * 1024;      // a second; slower: 408, close
inline constexpr std::size_t pipelined_bytes_max = 64 * 1024;     // more unread while parked: close
inline constexpr std::size_t unsent_bytes_max = 8 * 1024 * 1024;  // slower reader: close
inline constexpr std::size_t listeners_max = 256;                 // addresses; more: no start
inline constexpr auto head_deadline = 10s;                        // slower: 408, close
inline constexpr auto body_deadline = 30s;                        // slower: 408, close
inline constexpr auto send_stall_max = 30s;                       // no progress: close
inline constexpr auto keep_alive_idle = 75s;                      // between requests: close
inline constexpr auto half_closed_max = 2s;                       // client ended, no answer: close
inline constexpr auto linger_max = 2s;                            // to read the last answer: close
inline constexpr auto drain_deadline = 1500ms;                    // SIGTERM to close of the last

// Outgoing requests (net/client)
inline constexpr std::size_t client_requests_max = 2000;          // under way; more: fail at once
inline constexpr std::size_t client_idle_connections_max = 1000;  // more: the oldest close
inline constexpr auto client_idle_max = 60s;                      // unused for longer: close
inline constexpr std::size_t client_head_bytes_max = 16 * 1024;  // longer answer: the request fails
inline constexpr std::size_t client_interim_answers_max = 8;     // 1xx; more: the request fails
inline constexpr auto client_attempt_min = 2s;  // for one address before the next is tried
inline constexpr auto client_unacknowledged_max =
    10s;                                          // by the peer's kernel: the connection fails
inline constexpr std::size_t lookups_max = 2000;  // names being looked up; more: fail at once
inline constexpr auto lookup_try_max = 2s;  // first try of a name server; each next one doubles it
inline constexpr unsigned lookup_tries_max = 3;  // of each name server
inline constexpr auto lookup_max = 10s;          // for one name; longer: fails

// Client API (client_api/)
inline constexpr std::size_t path_segments_max = 24;            // more: 404 M_UNRECOGNIZED
inline constexpr std::size_t rate_buckets_max = 50'000;         // more: the oldest are forgotten
inline constexpr std::size_t presence_query_ids_max = 1000;     // more: 400 M_INVALID_PARAM
inline constexpr std::size_t snapshot_subjects_per_task = 256;  // more: the next task
inline constexpr std::size_t directory_results_max = 100;       // more asked: capped
inline constexpr std::size_t directory_scan_max = 10'000;       // users; more: "limited"
inline constexpr auto auth_session_lifetime = 10min;            // older: begin anew

// Admin API (admin/)
inline constexpr std::size_t admin_page_max = 500;            // more asked: capped
inline constexpr std::size_t admin_users_per_task = 10'000;   // looked at; more: the next task
inline constexpr std::size_t explained_rooms_max = 50;        // named; more: counted alone
inline constexpr std::size_t explained_members_max = 50'000;  // looked at; more: "at_least"

// JSON bodies (matrix/json)
inline constexpr std::size_t json_depth_max = 64;  // deeper: 400 M_BAD_JSON
static_assert(json_depth_max <= 256, "boost::json parses recursively on the stack");

// Identifiers and texts
inline constexpr std::size_t id_bytes_max = 255;                  // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t status_text_bytes_max = 2048;        // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t displayname_bytes_max = 256;         // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t avatar_url_bytes_max = 1000;         // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t password_bytes_max = 512;            // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t event_bytes_max = 65'536;            // longer: 413 M_TOO_LARGE
inline constexpr std::size_t filter_bytes_max = 16 * 1024;        // longer: 400 M_INVALID_PARAM
inline constexpr std::size_t account_data_bytes_max = 64 * 1024;  // longer: 413 M_TOO_LARGE

// Per user and room (homeserver/)
inline constexpr std::size_t devices_per_user_max = 100;      // more: oldest unused is logged out
inline constexpr std::size_t filters_per_user_max = 500;      // more: 403 M_RESOURCE_LIMIT_EXCEEDED
inline constexpr std::size_t rooms_per_user_max = 10'000;     // more: 403 M_LIMIT_EXCEEDED
inline constexpr std::size_t room_queue_max = 1000;           // more changes wait: 503
inline constexpr std::size_t room_state_max = 20'000;         // more state keys: 403
inline constexpr std::size_t membership_steps_max = 200;      // since one was in: as if never in
inline constexpr std::size_t aliases_per_room_max = 100;      // more: 403
inline constexpr std::size_t initial_state_max = 500;         // more: 400 M_INVALID_PARAM
inline constexpr std::size_t transactions_kept_max = 50'000;  // more: the oldest from the store
inline constexpr std::size_t profile_rooms_per_turn = 16;     // more: the next turn
inline constexpr std::size_t messages_scan_max = 5000;        // more to filter: a shorter page
inline constexpr std::size_t public_rooms_page_max = 500;     // more asked: capped
inline constexpr std::size_t messages_page_max = 1000;        // more asked: capped
inline constexpr std::size_t unread_scan_max = 1000;  // more unread events: the newest count
inline constexpr std::size_t unread_counts_kept_max = 200'000;         // more: all are counted anew
inline constexpr std::size_t invites_per_call_max = 100;               // more: 400 M_INVALID_PARAM
inline constexpr std::size_t to_device_content_bytes_max = 64 * 1024;  // longer: 413 M_TOO_LARGE
inline constexpr std::size_t to_device_per_call_max = 1000;  // more devices: 400 M_INVALID_PARAM
inline constexpr std::size_t to_device_waiting_max = 2000;   // more for a device: the oldest go
inline constexpr auto typing_timeout_max = 2min;             // longer asked: capped
inline constexpr std::size_t typing_users_max = 100;         // more: the oldest are left out

// Keys for encryption (homeserver/keys)
inline constexpr std::size_t device_keys_bytes_max = 16 * 1024;  // longer: 413 M_TOO_LARGE
inline constexpr std::size_t one_time_key_bytes_max = 4 * 1024;  // longer: 413 M_TOO_LARGE
inline constexpr std::size_t one_time_keys_max = 250;            // a device; more: 400
inline constexpr std::size_t fallback_keys_max = 8;              // a device; more: 400
inline constexpr std::size_t key_query_users_max = 1000;         // more: 400 M_INVALID_PARAM
inline constexpr std::size_t key_claims_max = 1000;              // devices; more: 400
inline constexpr std::size_t key_signatures_max = 10'000;        // a user; more: 403
inline constexpr std::size_t key_changes_scan_max = 2000;        // more: the members are looked at
inline constexpr std::size_t backup_session_bytes_max = 16 * 1024;  // longer: 413 M_TOO_LARGE
inline constexpr std::size_t backup_sessions_max = 20'000;          // a user; more: 403
inline constexpr std::size_t backup_bytes_max = 7 * 1024 * 1024;    // of one answer; more: 403
inline constexpr std::size_t backup_versions_max = 100;             // made by a user; more: 403

// Presence lists (homeserver/lists)
inline constexpr std::size_t list_ids_per_call_max = 500;     // more: 400 M_INVALID_PARAM
inline constexpr std::size_t list_entries_max = 10'000;       // more: 403 M_RESOURCE_LIMIT_EXCEEDED
inline constexpr std::size_t consents_per_user_max = 50'000;  // more: 403; others' invites untold
inline constexpr std::size_t blocks_per_user_max = 10'000;    // more: 403 M_RESOURCE_LIMIT_EXCEEDED
inline constexpr std::size_t list_calls_waiting_max = 1000;   // more for the same pairs: 503
inline constexpr std::size_t list_purge_pairs = 250;  // of one who is deactivated; more: then
inline constexpr auto invite_notice_interval = 24h;   // sooner: untold
inline constexpr std::size_t names_per_server_max = 200'000;  // of users elsewhere; more: untold

// Federation (federation/): keys of other servers
inline constexpr std::size_t server_keys_max = 100;     // of one server; more: refused
inline constexpr auto server_keys_age_max = 7 * 24h;    // valid for longer: capped
inline constexpr auto key_refetch_min = 1min;           // sooner: not asked again
inline constexpr auto key_refetch_max = 1h;             // after failures
inline constexpr std::size_t key_fetches_max = 200;     // at once; more: 503
inline constexpr std::size_t key_waiters_max = 1000;    // for one fetch; more: 503
inline constexpr std::size_t key_servers_max = 50'000;  // kept; more: the oldest are forgotten

// Federation (federation/): what goes out, and what is taken in
inline constexpr std::size_t transaction_pdus_max = 50;           // more: 400 M_INVALID_PARAM
inline constexpr std::size_t transaction_edus_max = 100;          // more: 400; ours: the next one
inline constexpr std::size_t transaction_bytes_max = 256 * 1024;  // ours: the next one
inline constexpr std::size_t edu_pushes_max = 50;                 // ours: the next EDU
inline constexpr std::size_t push_bytes_about = 300;              // without its text
static_assert(transaction_bytes_max + edu_pushes_max * (push_bytes_about + 2 * 2048) < 1024 * 1024,
              "what this server sends fits into body_bytes_max of another");
inline constexpr std::size_t edu_items_max = 1000;        // pushes or polls of one; more: dropped
inline constexpr auto active_ago_max = 100 * 365 * 24h;   // longer: the push is dropped
inline constexpr std::size_t transactions_at_once = 100;  // to all servers; more: wait
inline constexpr std::size_t destinations_max = 100'000;  // servers known; more: not told
inline constexpr std::size_t poll_answers_waiting_max = 20;  // for one server; more: dropped
inline constexpr auto backoff_min = 1s;                      // after the first failure
inline constexpr auto backoff_max = 1h;
inline constexpr auto presence_wait_max = 1h;         // a server that is gone for longer: dropped
inline constexpr auto peer_gone_after = 30 * 24h;     // ... for longer: list messages are given up
inline constexpr auto keep_alive_interval = 25min;    // who is not offline is told again
inline constexpr auto remote_stale_after = 30min;     // not told again: offline
inline constexpr auto observer_gone_after = 7 * 24h;  // without a stream: unpolled
inline constexpr auto federation_restart_spread = 30s;  // servers are polled over so long
static_assert(keep_alive_interval < remote_stale_after);
inline constexpr std::size_t met_per_turn = 1'500;  // users a server meets at once: the next turn
inline constexpr auto own_keys_valid_for = 24h;     // what others are told
inline constexpr std::size_t transactions_remembered = 8;      // of one origin; older: taken again
inline constexpr std::size_t origins_remembered_max = 50'000;  // more: the oldest are forgotten
inline constexpr std::size_t profile_queries_max = 500;        // at once; more: 503
inline constexpr std::size_t profile_waiters_max = 1000;       // for one; more: 503
inline constexpr auto profile_query_timeout = 10s;             // longer: 503
inline constexpr std::size_t profiles_kept_max = 20'000;       // more: the oldest are forgotten
inline constexpr auto profile_kept_for = 10min;
inline constexpr auto profile_failure_kept_for = 1min;

// Media (homeserver/media, images/)
inline constexpr std::size_t upload_bytes_most = 32 * 1024 * 1024;  // as far as the key goes
inline constexpr std::size_t uploads_at_once_bytes_max = 128 * 1024 * 1024;  // more: 503
inline constexpr std::size_t media_created_max = 50;    // unused, a user; more: 429
inline constexpr auto media_created_lifetime = 24h;     // unused for longer: 404
inline constexpr auto media_wait_max = 60s;             // longer asked: capped
inline constexpr std::size_t media_waiters_max = 1000;  // for uploads to come; more: 504 at once
inline constexpr std::size_t content_type_bytes_max = 255;    // longer: octet-stream
inline constexpr std::size_t file_name_bytes_max = 255;       // longer: cut
inline constexpr std::size_t media_piece_bytes = 256 * 1024;  // of a download in memory
inline constexpr std::size_t thumbnails_at_once = 1;          // more: wait
inline constexpr std::size_t thumbnails_waiting_max = 200;    // more: 503
inline constexpr std::size_t image_pixels_max = 40'000'000;   // more: 413, no thumbnail
inline constexpr std::size_t image_side_max = 16'384;         // longer: 413, no thumbnail

// Federation (federation/): where other servers are
inline constexpr std::size_t discovery_names_max = 20'000;      // more: the oldest are forgotten
inline constexpr std::size_t discovery_walks_max = 500;         // more: "busy"
inline constexpr std::size_t discovery_redirects_max = 5;       // more: no well-known file
inline constexpr std::size_t discovery_targets_max = 10;        // SRV records; more: not tried
inline constexpr std::size_t discovery_addresses_max = 16;      // of a name; more: not tried
inline constexpr std::size_t redirect_bytes_max = 2048;         // longer: no well-known file
inline constexpr std::size_t well_known_bytes_max = 64 * 1024;  // longer: no well-known file
inline constexpr auto well_known_timeout = 10s;                 // of each request for one
inline constexpr auto well_known_keep_usual = 24h;              // where it says nothing of it
inline constexpr auto well_known_keep_min = 5min;               // shorter said: this
inline constexpr auto well_known_keep_max = 48h;                // longer said: this
inline constexpr auto well_known_error_keep_min = 2min;         // doubles with each repetition
inline constexpr auto well_known_error_keep_max = 1h;
inline constexpr auto route_keep = 5min;                  // then it is looked for again
inline constexpr auto discovery_failure_keep_min = 1min;  // doubles with each repetition
inline constexpr auto discovery_failure_keep_max = 1h;

// Streams (engine/)
inline constexpr auto sync_timeout_max = 60s;                   // longer asked: capped
inline constexpr std::size_t presence_per_response_max = 2000;  // more: the next response
inline constexpr std::size_t streams_per_device_max = 8;        // more: the oldest is answered
inline constexpr std::size_t pending_subjects_max = 256;        // more: rebuilt from the token
inline constexpr std::size_t timers_per_turn_max = 1000;        // more: the next turn
inline constexpr std::size_t presence_bytes_per_response_max = 512 * 1024;  // the next response
inline constexpr std::size_t to_device_per_response_max = 100;  // more: the next response
inline constexpr std::size_t to_device_bytes_per_response_max = 512 * 1024;  // the next response
inline constexpr auto session_linger = 30s;     // longer between polls: rebuilt
inline constexpr auto loss_age_max = 30 * 24h;  // older: forgotten when crowded
inline constexpr std::size_t losses_per_observer_max =
    10'000;                                                // more: the oldest 16th is forgotten
inline constexpr std::size_t turn_units_max = 40'000;      // marks and rows: the next turn
inline constexpr std::size_t ready_sessions_max = 10'000;  // more: fewer marks a turn
inline constexpr std::size_t call_units_max = 4'000;       // marks inside an input: a job
inline constexpr std::size_t saves_per_turn_max = 2000;    // more: the next turn
inline constexpr auto save_delay = 500ms;                  // presence is written behind
inline constexpr auto turn_max = 2ms;                      // longer work: the next turn
inline constexpr auto clock_jump_min = 1s;     // of the wall clock; less is not noticed as one
inline constexpr auto window_max = 1s;         // W of a thread that is behind grows to this
inline constexpr auto ready_wait_max = 50ms;   // longer from ready to answered: W doubles
inline constexpr auto ready_wait_calm = 10ms;  // shorter for window_calm: W is halved again
inline constexpr auto window_calm = 5s;

// Sliding sync (client_api/sliding)
inline constexpr std::size_t sliding_lists_max = 100;           // more: 400 M_INVALID_PARAM
inline constexpr std::size_t sliding_ranges_max = 20;           // more, a list: 400 M_INVALID_PARAM
inline constexpr std::size_t sliding_subscriptions_max = 500;   // more: 400 M_INVALID_PARAM
inline constexpr std::size_t sliding_required_state_max = 500;  // more, in all: 400 M_INVALID_PARAM
inline constexpr std::size_t sliding_filter_names_max = 100;    // more: 400 M_INVALID_PARAM
inline constexpr std::size_t sliding_timeline_max = 100;        // more asked: capped
inline constexpr std::size_t sliding_rooms_per_response_max = 200;  // more: the next response
inline constexpr std::size_t sliding_connections_per_device_max =
    8;                                                            // more: the oldest is forgotten
inline constexpr std::size_t sliding_connections_max = 50'000;    // more: the oldest is forgotten
inline constexpr std::size_t sliding_rooms_kept_max = 1'000'000;  // more: the oldest is forgotten
inline constexpr std::size_t sliding_facts_kept_max = 100'000;    // rooms; more: read again

// Queues
inline constexpr std::size_t ring_slots = 8192;       // power of two; 7/8 full: no more reading
inline constexpr std::size_t store_queue_max = 8192;  // full: durable requests get 503
inline constexpr std::size_t cold_queue_max = 1024;   // full: 503 with Retry-After
inline constexpr std::size_t password_hashes_at_once = 2;
inline constexpr std::size_t password_queue_max = 256;     // more wait: 503 with Retry-After
inline constexpr std::size_t filter_cache_max = 10'000;    // more: the oldest are read again
inline constexpr std::size_t compiled_filters_max = 4096;  // more: compiled again if used
inline constexpr std::size_t log_queue_max = 8192;         // full: the oldest line is lost

// Log lines (base/)
inline constexpr std::size_t log_value_bytes_max = 1024;  // longer: cut, with an ellipsis

// Storage
inline constexpr std::size_t store_group_max = 1024;  // more sets wait: the next group
inline constexpr std::size_t store_readers_kept = 4;  // idle read connections kept open
inline constexpr std::size_t dirty_users_max = std::size_t{1}
                                               << 28;  // 32 MB of bits; more: not marked
inline constexpr auto transaction_age_max = 48h;       // older answers are forgotten

static_assert((ring_slots & (ring_slots - 1)) == 0);
static_assert(event_bytes_max < body_bytes_max);
static_assert(filter_bytes_max < body_bytes_max && account_data_bytes_max < body_bytes_max);
static_assert(to_device_content_bytes_max < body_bytes_max);
static_assert(to_device_bytes_per_response_max + to_device_content_bytes_max < unsent_bytes_max);
static_assert(target_bytes_max < head_bytes_max);
static_assert(ready_wait_calm < ready_wait_max && ready_wait_max < window_max);
static_assert(body_bytes_max + head_bytes_max < partial_bytes_max);
static_assert(upload_bytes_most < long_bodies_bytes_max);
static_assert(long_bodies_bytes_max + body_bytes_max < partial_bytes_max);
static_assert(upload_bytes_most < uploads_at_once_bytes_max);
static_assert(media_piece_bytes < unsent_bytes_max);

}  // namespace porchlight::base::limits
