/* front_internal.h - what the files of the front share.
 *
 *   front.c            opening and closing, addresses, counts
 *   front_socket.c     sockets for an address; who may ask; batches
 *   front_system_*.c   what differs between systems: reading, accept
 *   front_send_*.c     and sending, on Linux in bundles
 *   front_worker.c     a thread: the loop, datagrams, hits, misses
 *   front_tcp.c        the connections of a thread
 *   front_clients.c    the connections of all threads: limits, who makes room
 *   front_refresh.c    cached answers that are to be asked for anew
 *   front_shares.c     how many questions a client may have under way
 *   front_brain.c      the brain's side: step, answer, flush, sleep
 *
 * Who may touch what: a worker and all that hangs on it belong to its thread,
 * except its two rings and the places of its connections; the fields of a miss
 * that are marked so, and the front's batch and scratch, belong to the brain;
 * counts are atomic.
 */
#ifndef MLXR_FRONT_INTERNAL_H
#define MLXR_FRONT_INTERNAL_H

/* Without it the headers of macOS keep IPV6_PKTINFO to themselves. */
#if defined(__APPLE__) && !defined(__APPLE_USE_RFC_3542)
#define __APPLE_USE_RFC_3542 1
#endif

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "front.h"
#include "front_ring.h"
#include "poller.h"

enum {
  FRONT_BATCH = 64,
  FRONT_DATAGRAM_MAX = 4096, ///< of `udp_size`
  FRONT_CONTROL = 64,
  FRONT_MESSAGE_MAX = 65535,
  FRONT_GROUP = 32,   ///< datagrams that are looked up together
  FRONT_SHARES = 256, ///< numbers that clients are counted under
  FRONT_SILENCE = 0,  ///< instead of a length: nothing is to be sent
  FRONT_ASK = -1,     ///< the brain is to be asked
  FRONT_LOOK = -2     ///< the cache is to be asked
};

/// Extended DNS errors (RFC 8914 section 4).
enum { FRONT_EDE_NOT_READY = 14, FRONT_EDE_PROHIBITED = 18 };

typedef union front_peer {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} front_peer_t;

#ifdef __linux__
typedef struct mmsghdr front_message_t;
#else
typedef struct front_message {
  struct msghdr msg_hdr;
  unsigned int msg_len;
} front_message_t;
#endif

typedef struct front_socket {
  int fd;
  bool is_wildcard; ///< a reply must name the address that it leaves from
} front_socket_t;

/// Datagrams on their way in or out, with the storage that they need.
typedef struct front_batch {
  front_message_t in[FRONT_BATCH], out[FRONT_BATCH];
  struct iovec data[FRONT_BATCH];
  front_peer_t peers[FRONT_BATCH];
  _Alignas(8) uint8_t control[FRONT_BATCH][FRONT_CONTROL];
  uint8_t *buffers;
  size_t room;      ///< of the largest datagram that is read or sent
  unsigned used;    ///< of `in`, when it was last received into
  bool is_wildcard; ///< what it was received from
  unsigned rest;    ///< batches that are to be sent without bundles
} front_batch_t;

/// Questions that are looked up together.
typedef struct front_group {
  mlxr_request_t requests[FRONT_GROUP];
  mlxr_cache_lookup_t lookups[FRONT_GROUP];
} front_group_t;

typedef struct front_miss {
  mlxr_request_t request;
  front_peer_t peer;
  /// A control message that makes the reply leave from the address that was
  /// asked; of length 0 when the socket's own address will do.
  _Alignas(8) uint8_t pin[FRONT_CONTROL];
  size_t pin_len;
  const front_socket_t *socket; ///< where a datagram's reply leaves
  uint32_t connection, connection_generation;
  bool is_tcp;
  uint8_t share; ///< whose of the worker's shares it counts in

  bool is_refresh; ///< nobody waits: an entry of the cache is due

  bool is_out;         ///< the brain's: stepped out and not answered
  uint16_t generation; ///< the brain's: tells users of this record apart

  uint8_t *reply; ///< of a connection, on its way back; length prefix included
  size_t reply_len;
} front_miss_t;

/// Written by one thread, read by any.
typedef struct front_counts {
  _Atomic uint64_t queries, hits, misses, replies, refused, dropped;
  _Atomic uint64_t tcp_connections, tcp_open, released;
} front_counts_t;

static inline void front_count(_Atomic uint64_t *counter, uint64_t n) {
  uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

typedef struct front_tcp front_tcp_t;

/// A connection as all threads see it.
typedef struct front_place {
  mlxr_address_t client;
  uint64_t number; ///< in the order of accepting
  uint32_t worker; ///< whose it is
  bool is_taken;
  atomic_bool is_leaving; ///< told to go; final
  _Atomic uint64_t since; ///< ms: when it last did something whole
  atomic_bool is_idle;    ///< is owed nothing
} front_place_t;

typedef struct front_clients {
  pthread_mutex_t lock; ///< of all but the atomic fields of a place
  front_place_t *places;
  uint32_t count;
  uint64_t accepted;
} front_clients_t;

typedef struct front_worker {
  mlxr_front_t *front;
  uint32_t number;
  pthread_t thread;
  bool is_started;
  mlxr_poller_t *poller;
  mlxr_wakeup_t wakeup; ///< to stop, or because of replies for connections
  front_socket_t sockets[MLXR_FRONT_LISTEN_MAX];
  int listeners[MLXR_FRONT_LISTEN_MAX];
  front_tcp_t *tcp;
  atomic_bool has_leavers; ///< some of its connections have to go
  front_batch_t batch;
  front_group_t group;
  uint8_t *scratch; ///< a message with its length prefix
  uint64_t now;     ///< of this round of the loop
  uint32_t rotation;
  uint32_t hits, queued; ///< of this batch
  uint32_t wanted;       ///< refreshes of this batch
  uint32_t *free;        ///< indices of unused records; last in, first out
  uint32_t free_count;
  uint32_t shares[FRONT_SHARES]; ///< records under way, by client
  front_ring_t asked;            ///< misses on their way to the brain
  front_ring_t back;             ///< records on their way back
  front_counts_t counts;
} front_worker_t;

struct mlxr_front {
  mlxr_front_options_t options; ///< with defaults filled in
  mlxr_cache_t *cache;
  mlxr_address_t addresses[MLXR_FRONT_LISTEN_MAX];
  front_clients_t clients;
  front_worker_t *workers[MLXR_FRONT_THREADS_MAX];
  uint32_t worker_count;
  uint32_t misses_each; ///< records per worker
  front_miss_t *misses;
  mlxr_wakeup_t wakeup; ///< the brain's
  atomic_bool is_asleep, is_stopping;

  uint32_t turn; ///< from here on, all the brain's
  uint32_t batch_count;
  front_batch_t batch;
  const front_socket_t *leave_by[FRONT_BATCH];
  bool has_replies[MLXR_FRONT_THREADS_MAX];
  front_miss_t *refreshes[FRONT_BATCH]; ///< of the last step
  uint32_t refresh_count;
  uint8_t *scratch;
  uint8_t *known; ///< an answer that came meanwhile
  front_counts_t counts;
};

/// Takes the calling thread, a worker, out of the brain's politeness.
void mlxr_front_outrank(void);

/* front_socket.c */

/// Opens a listener and a datagram socket per thread on one port. With port 0 a
/// free one is found and written back.
int mlxr_front_listen(mlxr_address_t *address, uint32_t threads, int *listeners,
                      front_socket_t *sockets);
bool mlxr_front_is_allowed(const mlxr_front_options_t *options,
                           const front_peer_t *peer);
int mlxr_front_batch_init(front_batch_t *batch,
                          const mlxr_front_options_t *options);
void mlxr_front_batch_deinit(front_batch_t *batch);
/// Up to FRONT_BATCH datagrams: their number, 0 for none, or a negative errno.
int mlxr_front_receive(const front_socket_t *socket, front_batch_t *batch);
/// Makes of what came with datagram `i` the control message for its reply, in
/// the same place; returns its length, 0 when none is needed.
size_t mlxr_front_pin(const front_socket_t *socket, front_batch_t *batch,
                      unsigned i);

/* front_system_*.c */

enum {
  FRONT_CAN_SHARE_PORTS =
#ifdef __linux__
      1
#else
      0
#endif
};

int mlxr_front_receive_many(int fd, front_message_t *messages, unsigned count);
/// The next connection, non-blocking and not inherited, or a negative errno.
int mlxr_front_accept(int listener, front_peer_t *peer);
void mlxr_front_name_thread(uint32_t number);
/// How many processors this program may use; 0 when that is not known.
uint32_t mlxr_front_processors(void);
/// Options of a datagram socket that only this system has.
void mlxr_front_tune(int fd, int family);

/* front_send_*.c */

/// Sends the first `count` of `batch->out`, in any order; how many the system
/// took.
unsigned mlxr_front_send(int fd, front_batch_t *batch, unsigned count);

/* front_worker.c */

void *mlxr_front_run(void *worker);
/// What becomes of one message: the length of the reply in `out`,
/// FRONT_SILENCE, or FRONT_ASK with the question in `request`. `out` may be
/// `packet`.
int mlxr_front_serve(front_worker_t *worker, const uint8_t *packet, size_t len,
                     bool is_allowed, bool is_tcp, uint8_t *out, size_t cap,
                     mlxr_request_t *request);
/// SERVFAIL for a question that no record was free for.
int mlxr_front_overflow(front_worker_t *worker, const mlxr_request_t *request,
                        bool is_tcp, uint8_t *out, size_t cap);
/// A record for a client's miss, or of nobody's for NULL. NULL when all are
/// under way, or most, and many are this client's.
front_miss_t *mlxr_front_take_miss(front_worker_t *worker,
                                   const front_peer_t *peer);
void mlxr_front_queue(front_worker_t *worker, front_miss_t *miss);
/// Wakes the brain, if it sleeps, because of what was queued.
void mlxr_front_wake(mlxr_front_t *front);
/// Takes back the records that the brain is done with.
void mlxr_front_collect(front_worker_t *worker);
/// The largest reply to a request.
size_t mlxr_front_limit(const mlxr_front_options_t *options,
                        const mlxr_request_t *request, bool is_tcp);

/* front_refresh.c */

/// Tells the brain that what it said of a request is due; without a free record
/// the entry just runs out.
void mlxr_front_want(front_worker_t *worker, const mlxr_request_t *request);
/// The brain's: gives the records of its last step's refreshes back.
void mlxr_front_forget_refreshes(mlxr_front_t *front);

/* front_shares.c */

/// The number that a client's questions are counted under; 0 for nobody's.
uint8_t mlxr_front_share_of(const front_peer_t *peer);
/// Has to leave what records there are to others.
bool mlxr_front_is_greedy(const front_worker_t *worker, uint8_t share);

/* front_clients.c */

int mlxr_front_clients_init(front_clients_t *clients,
                            const mlxr_front_options_t *options);
void mlxr_front_clients_deinit(front_clients_t *clients);
/// A place for a new connection of a worker, or NULL: the client, or all of
/// them, have too many, and none is idle. Who has to leave for it has been
/// told.
front_place_t *mlxr_front_clients_admit(front_worker_t *self,
                                        const mlxr_address_t *client,
                                        uint64_t now);
/// Tells the connection that is idle longest to leave; true when it is one of
/// the worker's own.
bool mlxr_front_clients_thin(front_worker_t *self);
/// Gives the place of a connection that was closed back.
void mlxr_front_clients_give(mlxr_front_t *front, front_place_t *place);
/// What others have to know of a connection, whenever it changes.
static inline void mlxr_front_clients_tell(front_place_t *place, uint64_t since,
                                           bool is_idle) {
  atomic_store_explicit(&place->since, since, memory_order_relaxed);
  atomic_store_explicit(&place->is_idle, is_idle, memory_order_relaxed);
}

/* front_tcp.c */

int mlxr_front_tcp_open(front_worker_t *worker, front_tcp_t **out);
void mlxr_front_tcp_close(front_tcp_t *tcp);
/// Handles an event with one of the tags that front_tcp.c gave out.
void mlxr_front_tcp_step(front_tcp_t *tcp, uint64_t tag, int events,
                         uint64_t now);
/// Puts a reply into its connection's buffer; `finish` sends it.
void mlxr_front_tcp_reply(front_tcp_t *tcp, const front_miss_t *miss,
                          uint64_t now);
/// Ends a round of the loop: sends, closes what is due. Returns the number of
/// ms until the next round must come, -1 for never.
int mlxr_front_tcp_finish(front_tcp_t *tcp, uint64_t now);

/// Tags of the worker's poller: who, and a number.
enum {
  FRONT_TAG_WAKEUP = 1,
  FRONT_TAG_UDP,
  FRONT_TAG_LISTENER,
  FRONT_TAG_CONN
};
#define front_tag(who, number) ((uint64_t)(who) << 56 | (uint64_t)(number))
#define front_tag_who(tag) ((int)((tag) >> 56))
#define front_tag_number(tag) ((tag)&0xffffffffffffffULL)

#endif
