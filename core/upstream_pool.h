/* upstream_pool.h - the inside of `upstream`, shared by its files and by nobody
 * else: questions, the UDP sockets they leave from, TCP connections.
 *
 * A question is in exactly one list at a time: to be sent or sent on a socket,
 * waiting for a connection, to be sent or sent on one, or done. Arrays are
 * taken whole when the pool opens and stay untouched, and so cost no memory,
 * until they are used; pointers into them never move.
 */
#ifndef MLXR_UPSTREAM_POOL_H
#define MLXR_UPSTREAM_POOL_H

#include "deadlines.h"
#include "entropy.h"
#include "poller.h"
#include "upstream.h"

enum {
  MLXR_UPSTREAM_BATCH = 64,  ///< results a step
  MLXR_UPSTREAM_RECEIVE = 8, ///< datagrams a read
  MLXR_UPSTREAM_DATAGRAM = 4096,
  MLXR_UPSTREAM_SEND = 16,     ///< datagrams a write
  MLXR_UPSTREAM_PORTS = 64,    ///< shared sockets a server
  MLXR_UPSTREAM_POOLS = 16,    ///< servers that have such
  MLXR_UPSTREAM_STREAMS = 128, ///< TCP connections at one time
  MLXR_UPSTREAM_JARS = 64,     ///< servers whose cookies are kept
  MLXR_UPSTREAM_ARENA = MLXR_UPSTREAM_BATCH * MLXR_PACKET_MAX
};

typedef struct question question_t;
typedef struct link link_t;
typedef struct stream stream_t;

typedef struct list {
  question_t *first, *last;
} list_t;

enum question_state { QUESTION_FREE, QUESTION_ASKED, QUESTION_DONE };

struct question {
  mlxr_exchange_t exchange;
  question_t *prev, *next; ///< in `list`; `next` also in the free list
  list_t *list;
  question_t *same_bucket;
  link_t *link;     ///< the socket that it left from, or NULL
  stream_t *stream; ///< its TCP connection, or NULL
  uint32_t slot;
  enum question_state state;
};

/// One connected UDP socket.
struct link {
  int fd;
  uint32_t index;
  uint32_t generation; ///< tells events of an earlier life
  uint32_t pending;
  uint64_t retire_at; ///< ms; a shared one is not given out from then on
  bool is_shared;     ///< stands in a pool: stays open without questions
  bool is_dirty;      ///< stands in `dirty`
  list_t to_send, sent;
  link_t *next_free;
};

/// The shared sockets of one server.
typedef struct pool {
  mlxr_address_t server;
  uint64_t used_at; ///< ms
  link_t *links[MLXR_UPSTREAM_PORTS];
} pool_t;

/// The cookie of one server.
typedef struct jar {
  mlxr_address_t server;
  mlxr_address_t own; ///< of this machine, as the server sees it
  mlxr_cookie_t cookie;
  uint64_t made_at, looked_at, used_at; ///< ms
} jar_t;

typedef struct rate {
  uint64_t second;
  uint32_t present, last;
} rate_t;

struct mlxr_upstream {
  mlxr_poller_t *poller;
  mlxr_upstream_options_t options;
  mlxr_upstream_stats_t stats;
  mlxr_deadlines_t deadlines;
  mlxr_entropy_t entropy;

  question_t *questions;
  uint32_t question_cap, question_top;
  question_t *free;     ///< ready for use
  question_t *released; ///< stepped out; ready from the next step on
  list_t done;          ///< without an answer, to be stepped out
  question_t **buckets; ///< by socket and ID
  uint32_t bucket_mask;

  link_t *links;
  uint32_t link_cap, link_top, link_open;
  link_t *free_links;
  link_t **dirty;
  uint32_t dirty_count;
  pool_t pools[MLXR_UPSTREAM_POOLS];
  uint32_t pool_cap;
  uint64_t sweep_at; ///< ms; UINT64_MAX without shared sockets
  rate_t rate;

  stream_t *streams[MLXR_UPSTREAM_STREAMS];
  uint32_t stream_open, stream_generation;
  uint32_t stream_unread; ///< that hold messages there was no room for
  uint64_t streams_at;    ///< ms: when to look after those without questions
  list_t unconnected;     ///< questions that wait for a connection to end

  jar_t jars[MLXR_UPSTREAM_JARS];
  uint32_t jar_count;

  /* The step under way. */
  mlxr_upstream_result_t *out;
  size_t out_count, out_cap;
  uint8_t *arena;
  size_t arena_used;
  uint8_t (*datagrams)[MLXR_UPSTREAM_DATAGRAM];
};

/* Tags of the poller: what kind, which life, which one. */
#define MLXR_UPSTREAM_TAG(is_stream, generation, index)                        \
  ((uint64_t)(is_stream) << 63 | (uint64_t)((generation)&0x7fffffff) << 32 |   \
   (index))

/* Lists: upstream.c */
void mlxr_upstream_append(list_t *list, question_t *question);
void mlxr_upstream_unlist(question_t *question);

/* Questions: upstream.c */

/// Does what the exchange wants next. An answer is handed over apart.
void mlxr_upstream_act(mlxr_upstream_t *upstream, question_t *question,
                       enum mlxr_exchange_action action, uint64_t now);
/// The transport failed.
void mlxr_upstream_fail(mlxr_upstream_t *upstream, question_t *question,
                        int code, uint64_t now);
/// Gives a message to a question: true when it was the question's.
bool mlxr_upstream_give_message(mlxr_upstream_t *upstream, question_t *question,
                                const uint8_t *packet, size_t len,
                                uint64_t now);

/* Sockets: upstream_links.c */

/// Chooses the socket for a question and queues it there.
int mlxr_upstream_links_attach(mlxr_upstream_t *upstream, question_t *question,
                               uint64_t now);
/// Takes a question off its socket, which may close it; none is fine.
void mlxr_upstream_links_detach(mlxr_upstream_t *upstream,
                                question_t *question);
/// Queues a retransmission.
void mlxr_upstream_links_resend(mlxr_upstream_t *upstream,
                                question_t *question);
void mlxr_upstream_links_flush(mlxr_upstream_t *upstream, uint64_t now);
void mlxr_upstream_links_on_event(mlxr_upstream_t *upstream, uint64_t tag,
                                  uint64_t now);
/// Closes shared sockets whose second is over.
void mlxr_upstream_links_sweep(mlxr_upstream_t *upstream, uint64_t now);
void mlxr_upstream_links_close(mlxr_upstream_t *upstream);

/* DNS cookies: upstream_cookies.c */

/// Gives a question that has its socket, and was not sent yet, a cookie.
void mlxr_upstream_cookies_attach(mlxr_upstream_t *upstream,
                                  question_t *question, uint64_t now);
/// Keeps what a question has found out about its server's.
void mlxr_upstream_cookies_follow(mlxr_upstream_t *upstream,
                                  const mlxr_exchange_t *exchange);

/* TCP: upstream_streams.c */

/// Gives a question a connection, its server's if it may share, or lets it wait
/// for its turn.
int mlxr_upstream_streams_attach(mlxr_upstream_t *upstream,
                                 question_t *question);
/// Takes a question off its connection, which may end that; none is fine.
void mlxr_upstream_streams_detach(mlxr_upstream_t *upstream,
                                  question_t *question);
void mlxr_upstream_streams_on_event(mlxr_upstream_t *upstream, uint64_t tag,
                                    int events, uint64_t now);
/// Reads on where an earlier step had no room for results.
void mlxr_upstream_streams_resume(mlxr_upstream_t *upstream, uint64_t now);
/// Connects for those that wait, as far as there is room, and closes
/// connections that were without questions for long enough.
void mlxr_upstream_streams_next(mlxr_upstream_t *upstream, uint64_t now);
void mlxr_upstream_streams_close(mlxr_upstream_t *upstream);

/* Per platform: upstream_linux.c, upstream_bsd.c */

/// Sends the queries from `first` on in their list's order, up to `count`:
/// their number or a negative errno.
int mlxr_upstream_send_batch(int fd, question_t *first, size_t count);
/// Receives up to `count` datagrams; a length beyond the buffer's tells that it
/// was cut. Their number or a negative errno.
int mlxr_upstream_receive_batch(int fd,
                                uint8_t (*datagrams)[MLXR_UPSTREAM_DATAGRAM],
                                size_t *lens, size_t count);

#endif
