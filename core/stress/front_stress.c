/* front_stress: a front with two threads, a brain, and clients that ask for
 * what is cached and what is not, over UDP and TCP, all at once. Ends after a
 * fixed number of questions; a wrong answer or one that is missing makes it
 * fail.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../clock.h"
#include "../front.h"
#include "../sockaddr.h"

enum {
  CACHED = 256,   ///< names that are in the cache from the start
  WINDOW = 16,    ///< questions under way per client
  ROUNDS = 2500,  ///< windows per client
  RECONNECT = 8,  ///< windows per connection
  CLIENTS = 2,    ///< of each kind
  QUITTERS = 100, ///< connections that leave without waiting
  PATIENCE = 3,   ///< s until a datagram is sent again
  TRIES = 5,
  TTL = 3000,
  AGE = 2800 * 1000, ///< ms
  MESSAGE = 512,
  TYPE_A = 1,
  CLASS_IN = 1
};

static mlxr_address_t server;
static mlxr_cache_t *cache;
static atomic_bool is_over;
static atomic_uint wrong;
static unsigned refreshes; /* the brain's */

static void complain(const char *what) {
  fprintf(stderr, "front_stress: %s\n", what);
  atomic_fetch_add(&wrong, 1);
}

/* ---- names and what is to be answered for them */

static size_t make_name(uint8_t wire[MLXR_NAME_MAX], const char *kind,
                        unsigned who, unsigned number) {
  char text[64];
  size_t len;
  int n =
      snprintf(text, sizeof text, "%s%u-%u.Stress.Example", kind, who, number);
  mlxr_name_from_text(text, (size_t)n, wire, &len);
  return len;
}

static void make_address(const uint8_t *name, size_t len, uint8_t out[4]) {
  uint8_t lower[MLXR_NAME_MAX];
  mlxr_name_put_lower(name, len, lower);
  uint64_t hash = mlxr_name_hash(lower, len, 7);
  memcpy(out, &hash, 4);
}

static size_t make_answer(const uint8_t *lower, size_t len, uint8_t *out) {
  mlxr_writer_t writer;
  uint8_t address[4];
  make_address(lower, len, address);
  mlxr_writer_init(&writer, out, MESSAGE, 0, MLXR_QR | MLXR_RA);
  mlxr_writer_question(&writer, lower, TYPE_A, CLASS_IN, false);
  mlxr_writer_record(&writer, MLXR_ANSWER, lower, TYPE_A, CLASS_IN, false, TTL,
                     address, sizeof address);
  return mlxr_writer_finish(&writer);
}

/* Near its end from the start: the next hit asks for a refresh. */
static void put(const uint8_t *lower, size_t len) {
  uint8_t answer[MESSAGE];
  mlxr_cache_key_t key = {.name = lower, .name_len = len, .type = TYPE_A};
  mlxr_cache_note_t note = {.age = AGE};
  size_t answer_len = make_answer(lower, len, answer);
  if (mlxr_cache_put(cache, &key, answer, answer_len, &note, mlxr_clock_ms(),
                     NULL) < 0)
    complain("cannot put into the cache");
}

static void fill_cache(void) {
  for (unsigned i = 0; i < CACHED; i++) {
    uint8_t name[MLXR_NAME_MAX];
    size_t len = make_name(name, "cached", 0, i);
    mlxr_name_put_lower(name, len, name);
    put(name, len);
  }
}

/* ---- a client's window of questions */

typedef struct asked {
  uint8_t name[MLXR_NAME_MAX];
  size_t len;
  bool is_answered;
} asked_t;

typedef struct window {
  asked_t asked[WINDOW];
  unsigned left;
  uint16_t first_id;
} window_t;

static void open_window(window_t *window, const char *kind, unsigned who,
                        unsigned round) {
  window->left = WINDOW;
  window->first_id = (uint16_t)(round * WINDOW);
  for (unsigned i = 0; i < WINDOW; i++) {
    asked_t *asked = &window->asked[i];
    unsigned number = round * WINDOW + i;
    bool is_cached = i % 2 == 0;
    asked->is_answered = false;
    asked->len = is_cached
                     ? make_name(asked->name, "cAcHed", 0, number % CACHED)
                     : make_name(asked->name, kind, who, number);
  }
}

static size_t write_question(const window_t *window, unsigned i, uint8_t *out) {
  mlxr_writer_t writer;
  mlxr_writer_init(&writer, out, MESSAGE, (uint16_t)(window->first_id + i),
                   MLXR_RD);
  mlxr_writer_question(&writer, window->asked[i].name, TYPE_A, CLASS_IN, false);
  return mlxr_writer_finish(&writer);
}

static bool is_right(const asked_t *asked, const uint8_t *reply, size_t len) {
  mlxr_reader_t reader;
  mlxr_question_t question;
  mlxr_record_t record;
  uint8_t address[4];
  make_address(asked->name, asked->len, address);
  return mlxr_reader_init(&reader, reply, len) == 0 &&
         (reader.header.flags & MLXR_QR) &&
         mlxr_rcode_of(reader.header.flags) == MLXR_NOERROR &&
         mlxr_reader_question(&reader, &question) == 1 &&
         question.name_len == asked->len &&
         memcmp(question.name, asked->name, asked->len) == 0 &&
         mlxr_reader_record(&reader, &record) == 1 && record.rdata_len == 4 &&
         memcmp(reply + record.rdata_at, address, 4) == 0;
}

static void take_reply(window_t *window, const uint8_t *reply, size_t len) {
  uint16_t id = len < 2 ? 0 : (uint16_t)(reply[0] << 8 | reply[1]);
  unsigned i = (uint16_t)(id - window->first_id);
  if (i >= WINDOW || window->asked[i].is_answered)
    return; /* to a question that was sent twice */
  if (!is_right(&window->asked[i], reply, len))
    complain("a wrong answer");
  window->asked[i].is_answered = true;
  window->left--;
}

static int dial(int type) {
  struct sockaddr_storage name;
  struct timeval patience = {.tv_sec = PATIENCE};
  int one = 1;
  socklen_t len = mlxr_sockaddr_put(&server, &name);
  int fd = socket(AF_INET, type, 0);
  if (type == SOCK_STREAM)
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (fd < 0 || connect(fd, (struct sockaddr *)&name, len) < 0)
    complain("cannot connect");
  return fd;
}

/* ---- UDP */

static void send_unanswered(int fd, const window_t *window) {
  for (unsigned i = 0; i < WINDOW; i++) {
    uint8_t question[MESSAGE];
    if (window->asked[i].is_answered)
      continue;
    size_t len = write_question(window, i, question);
    if (send(fd, question, len, 0) < 0)
      complain("cannot send");
  }
}

static void *ask_by_udp(void *context) {
  unsigned who = *(unsigned *)context;
  int fd = dial(SOCK_DGRAM);
  for (unsigned round = 0; round < ROUNDS && atomic_load(&wrong) == 0;
       round++) {
    window_t window;
    unsigned tries = 1;
    open_window(&window, "udp", who, round);
    send_unanswered(fd, &window);
    while (window.left > 0 && tries <= TRIES) {
      uint8_t reply[MESSAGE];
      ssize_t n = recv(fd, reply, sizeof reply, 0);
      if (n > 0)
        take_reply(&window, reply, (size_t)n);
      else if (tries++ < TRIES)
        send_unanswered(fd, &window);
    }
    if (window.left > 0)
      complain("no answer over UDP");
  }
  close(fd);
  return NULL;
}

/* ---- TCP */

static size_t write_all(const window_t *window, uint8_t *out) {
  size_t len = 0;
  for (unsigned i = 0; i < WINDOW; i++) {
    size_t n = write_question(window, i, out + len + 2);
    out[len] = (uint8_t)(n >> 8);
    out[len + 1] = (uint8_t)n;
    len += n + 2;
  }
  return len;
}

static bool read_exactly(int fd, uint8_t *out, size_t len) {
  while (len > 0) {
    ssize_t n = recv(fd, out, len, 0);
    if (n <= 0)
      return false;
    out += n;
    len -= (size_t)n;
  }
  return true;
}

static void read_replies(int fd, window_t *window) {
  while (window->left > 0) {
    uint8_t prefix[2], reply[MESSAGE];
    if (!read_exactly(fd, prefix, 2))
      break;
    size_t len = (size_t)prefix[0] << 8 | prefix[1];
    if (len > sizeof reply || !read_exactly(fd, reply, len))
      break;
    take_reply(window, reply, len);
  }
  if (window->left > 0)
    complain("no answer over TCP");
}

/* The split falls on another byte in every round. */
static void ask_in_two_parts(int fd, const window_t *window, unsigned round) {
  uint8_t all[WINDOW * MESSAGE];
  size_t len = write_all(window, all);
  size_t first = 1 + round % (len - 1);
  if (send(fd, all, first, 0) != (ssize_t)first ||
      send(fd, all + first, len - first, 0) != (ssize_t)(len - first))
    complain("cannot write");
}

static void *ask_by_tcp(void *context) {
  unsigned who = *(unsigned *)context;
  int fd = -1;
  for (unsigned round = 0; round < ROUNDS && atomic_load(&wrong) == 0;
       round++) {
    window_t window;
    if (round % RECONNECT == 0) {
      close(fd);
      fd = dial(SOCK_STREAM);
    }
    open_window(&window, "tcp", who, round);
    ask_in_two_parts(fd, &window, round);
    read_replies(fd, &window);
  }
  close(fd);
  return NULL;
}

static void *leave_early(void *context) {
  (void)context;
  for (unsigned i = 0; i < QUITTERS; i++) {
    window_t window;
    int fd = dial(SOCK_STREAM);
    open_window(&window, "gone", 0, i);
    ask_in_two_parts(fd, &window, i);
    close(fd);
  }
  return NULL;
}

/* ---- the brain */

/* Every other answer is put into the cache; the order is the reverse of that of
 * the questions; every answer is given twice, the second time too late. */
static void answer_all(mlxr_front_t *front, const mlxr_miss_t *misses, int n) {
  uint32_t slots[64];
  for (int i = n - 1; i >= 0; i--) {
    uint8_t answer[MESSAGE];
    size_t len = make_answer(misses[i].name, misses[i].name_len, answer);
    slots[i] = misses[i].slot;
    refreshes += misses[i].slot == 0;
    if (i % 2 == 0)
      put(misses[i].name, misses[i].name_len);
    mlxr_front_answer(front, slots[i], answer, len, 0, NULL);
    mlxr_front_refuse(front, slots[i], MLXR_SERVFAIL, 0, NULL);
  }
}

static void *think(void *context) {
  mlxr_front_t *front = context;
  struct pollfd poll_fd = {.fd = mlxr_front_fd(front), .events = POLLIN};
  while (!atomic_load(&is_over)) {
    mlxr_miss_t misses[64];
    mlxr_front_stats_t stats;
    int n = mlxr_front_step(front, mlxr_clock_ms(), misses, 64);
    answer_all(front, misses, n);
    mlxr_front_flush(front);
    mlxr_front_stats(front, &stats);
    if (n == 0 && mlxr_front_sleep(front))
      poll(&poll_fd, 1, 100);
  }
  return NULL;
}

/* ---- all together */

static mlxr_front_t *open_front(void) {
  mlxr_front_options_t options = {.listen_count = 1,
                                  .threads = 2,
                                  .max_tcp = 2 * QUITTERS,
                                  .max_tcp_per_client = 2 * QUITTERS};
  const mlxr_address_t *addresses;
  mlxr_front_t *front = NULL;
  size_t failed;
  static const char where[] = "127.0.0.1";
  mlxr_address_from_text(where, strlen(where), NULL, &options.listen[0]);
  if (mlxr_front_open(&options, cache, &front, &failed) < 0)
    return NULL;
  mlxr_front_get_addresses(front, &addresses);
  server = addresses[0];
  return front;
}

static void ask_everything(void) {
  pthread_t udp[CLIENTS], tcp[CLIENTS], quitter;
  unsigned numbers[CLIENTS];
  pthread_create(&quitter, NULL, leave_early, NULL);
  for (unsigned i = 0; i < CLIENTS; i++) {
    numbers[i] = i;
    pthread_create(&udp[i], NULL, ask_by_udp, &numbers[i]);
    pthread_create(&tcp[i], NULL, ask_by_tcp, &numbers[i]);
  }
  for (unsigned i = 0; i < CLIENTS; i++) {
    pthread_join(udp[i], NULL);
    pthread_join(tcp[i], NULL);
  }
  pthread_join(quitter, NULL);
}

int main(void) {
  mlxr_cache_options_t options = {
      .bytes = 1 << 20, .max_ttl = 3600, .max_negative_ttl = 3600, .seed = 42};
  mlxr_front_stats_t stats;
  pthread_t brain;
  if (mlxr_cache_new(&options, &cache) < 0)
    return 2;
  mlxr_front_t *front = open_front();
  if (!front)
    return 2;
  fill_cache();
  pthread_create(&brain, NULL, think, front);
  ask_everything();
  atomic_store(&is_over, true);
  pthread_join(brain, NULL);
  mlxr_front_stats(front, &stats);
  printf("queries=%llu hits=%llu misses=%llu replies=%llu "
         "refreshes=%u wrong=%u\n",
         (unsigned long long)stats.queries, (unsigned long long)stats.hits,
         (unsigned long long)stats.misses, (unsigned long long)stats.replies,
         refreshes, atomic_load(&wrong));
  mlxr_front_close(front);
  mlxr_cache_free(cache);
  return atomic_load(&wrong) == 0 && stats.hits > 0 && stats.misses > 0 ? 0 : 1;
}
