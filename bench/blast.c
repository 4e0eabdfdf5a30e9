/* blast: a closed-loop load generator for DNS over UDP, for servers that are
 * faster than dnsperf. A window of questions is kept under way; each reply is
 * checked for its ID, QR and the question that it repeats.
 *
 *   blast ADDRESS:PORT NAMES SECONDS|once WINDOW [SOCKETS [RATE]]
 *
 * NAMES holds lines "name [A|AAAA|number]". "once" asks each line once. RATE is
 * the most that is asked a second. Prints one line of key=value.
 */
#include <fcntl.h>
#include <linux/udp.h>
#include <poll.h>
#include <time.h>

#include "datagrams.h"
#include "wire.h"

enum {
  INDEX_BITS = 12,
  WINDOW_MAX = 1 << INDEX_BITS, ///< per socket; the ID's other bits tell users
                                ///< of a place apart
  SOCKETS_MAX = 256,
  LOST_MS = 2000,
  PAUSE_NS = 100000, ///< between looks when the rate allows nothing
  BINS = 2000 ///< a microsecond each below 1 ms, a millisecond each above
};

typedef struct questions {
  uint8_t *wire; ///< name, type and class, one after the other
  size_t used, room;
  size_t *at; ///< where each begins; one more for the end
  size_t count, capacity;
} questions_t;

typedef struct place {
  uint64_t sent; ///< ns; 0 when free
  size_t question;
  uint16_t generation;
} place_t;

typedef struct lane {
  int fd;
  unsigned window, free_count;
  place_t places[WINDOW_MAX];
  uint16_t free[WINDOW_MAX];
} lane_t;

typedef struct tally {
  uint64_t sent, ok, bad, stray, lost, rcodes[16], bins[BINS];
  double total_us;
  uint64_t last; ///< ns: when the last answer came
} tally_t;

typedef struct run {
  questions_t questions;
  size_t next;
  bool is_once;
  uint64_t start, end; ///< ns
  double rate;         ///< questions per second; 0 for no limit
  lane_t *lanes[SOCKETS_MAX];
  struct pollfd polls[SOCKETS_MAX];
  unsigned lane_count;
  uint64_t in_flight;
  tally_t tally;
  batch_t batch; ///< of answers
  struct iovec parts[BATCH][2];
  uint8_t headers[BATCH][MLXR_HEADER_LEN];
  struct mmsghdr bundles[BATCH];
  unsigned sizes[BATCH]; ///< questions in each
  _Alignas(8) uint8_t notes[BATCH][CMSG_SPACE(sizeof(uint16_t))];
} run_t;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *grow(void *memory, size_t size) {
  void *bigger = realloc(memory, size);
  if (!bigger)
    die("memory");
  return bigger;
}

static uint16_t type_of(const char *text) {
  if (!text || strcmp(text, "A") == 0)
    return 1;
  return strcmp(text, "AAAA") == 0 ? 28 : (uint16_t)strtoul(text, NULL, 10);
}

static void add_question(questions_t *all, const char *name, uint16_t type) {
  size_t len;
  if (all->used + MLXR_NAME_MAX + 4 > all->room) {
    all->room = all->room * 2 + (1 << 16);
    all->wire = grow(all->wire, all->room);
  }
  if (all->count + 2 > all->capacity) {
    all->capacity = all->capacity * 2 + 1024;
    all->at = grow(all->at, all->capacity * sizeof *all->at);
  }
  uint8_t *to = all->wire + all->used;
  if (mlxr_name_from_text(name, strlen(name), to, &len) < 0) {
    fprintf(stderr, "%s: not a name\n", name);
    exit(2);
  }
  const uint8_t tail[4] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};
  memcpy(to + len, tail, sizeof tail);
  all->at[all->count++] = all->used;
  all->used += len + sizeof tail;
  all->at[all->count] = all->used;
}

static void load(questions_t *all, const char *path) {
  char line[2048];
  FILE *file = fopen(path, "r");
  if (!file)
    die(path);
  while (fgets(line, sizeof line, file)) {
    char *rest;
    const char *name = strtok_r(line, " \t\n", &rest);
    if (name)
      add_question(all, name, type_of(strtok_r(NULL, " \t\n", &rest)));
  }
  fclose(file);
  if (all->count == 0) {
    fprintf(stderr, "%s: no names in it\n", path);
    exit(2);
  }
}

static lane_t *open_lane(const mlxr_address_t *server, unsigned window) {
  struct sockaddr_storage name;
  socklen_t len = mlxr_sockaddr_put(server, &name);
  lane_t *lane = grow(NULL, sizeof *lane);
  memset(lane, 0, sizeof *lane);
  lane->fd = open_socket(server);
  fcntl(lane->fd, F_SETFL, O_NONBLOCK);
  if (connect(lane->fd, (struct sockaddr *)&name, len) < 0)
    die("connect");
  lane->window = lane->free_count = window;
  for (unsigned i = 0; i < window; i++)
    lane->free[i] = (uint16_t)(window - 1 - i);
  return lane;
}

static bool has_more(const run_t *run, uint64_t now) {
  return now < run->end && !(run->is_once && run->next >= run->questions.count);
}

static bool is_due(const run_t *run, uint64_t now) {
  return run->rate == 0 ||
         (double)run->next < (double)(now - run->start) * run->rate / 1e9;
}

static void prepare(run_t *run, lane_t *lane, unsigned i, uint64_t now) {
  const questions_t *all = &run->questions;
  uint16_t index = lane->free[--lane->free_count];
  place_t *place = &lane->places[index];
  size_t question = run->next++ % all->count;
  place->question = question;
  place->sent = now;
  place->generation++;
  uint16_t id = (uint16_t)(place->generation << INDEX_BITS | index);
  const uint8_t header[MLXR_HEADER_LEN] = {
      (uint8_t)(id >> 8), (uint8_t)id, MLXR_RD >> 8, 0, 0, 1};
  memcpy(run->headers[i], header, sizeof header);
  run->parts[i][0] = (struct iovec){run->headers[i], MLXR_HEADER_LEN};
  run->parts[i][1] = (struct iovec){all->wire + all->at[question],
                                    all->at[question + 1] - all->at[question]};
}

static size_t length_of(const run_t *run, unsigned i) {
  return run->parts[i][0].iov_len + run->parts[i][1].iov_len;
}

/* Questions of one length leave together, and the system takes them apart
 * (UDP_SEGMENT): a generator that is slower than a server measures itself. */
static struct mmsghdr bundle(run_t *run, unsigned first, unsigned size) {
  uint8_t *control = run->notes[first];
  struct cmsghdr *note = (struct cmsghdr *)(void *)control;
  const uint16_t len = (uint16_t)length_of(run, first);
  struct msghdr message = {.msg_iov = run->parts[first],
                           .msg_iovlen = (size_t)size * 2};
  if (size > 1) {
    *note = (struct cmsghdr){.cmsg_level = IPPROTO_UDP,
                             .cmsg_type = UDP_SEGMENT,
                             .cmsg_len = CMSG_LEN(sizeof len)};
    memcpy(CMSG_DATA(note), &len, sizeof len);
    message.msg_control = control;
    message.msg_controllen = sizeof run->notes[first];
  }
  return (struct mmsghdr){.msg_hdr = message};
}

static unsigned make_bundles(run_t *run, unsigned questions) {
  unsigned n = 0;
  for (unsigned i = 0; i < questions; i += run->sizes[n++]) {
    unsigned size = 1;
    while (i + size < questions &&
           length_of(run, i + size) == length_of(run, i))
      size++;
    run->bundles[n] = bundle(run, i, size);
    run->sizes[n] = size;
  }
  return n;
}

static void release(run_t *run, lane_t *lane, uint16_t index) {
  lane->places[index].sent = 0;
  lane->free[lane->free_count++] = index;
  run->in_flight--;
}

/* A question that the kernel did not take counts as lost when its time is
 * over, like every other. */
static bool fill(run_t *run, lane_t *lane, uint64_t now) {
  unsigned n = 0;
  while (n < BATCH && lane->free_count > 0 && has_more(run, now) &&
         is_due(run, now))
    prepare(run, lane, n++, now);
  if (n == 0)
    return false;
  int sent = sendmmsg(lane->fd, run->bundles, make_bundles(run, n), 0);
  for (int i = 0; i < sent; i++)
    run->tally.sent += run->sizes[i];
  run->in_flight += n;
  return true;
}

static void note_time(tally_t *tally, uint64_t ns) {
  uint64_t us = ns / 1000;
  uint64_t bin = us < 1000 ? us : 1000 + us / 1000;
  tally->bins[bin < BINS ? bin : BINS - 1]++;
  tally->total_us += (double)ns / 1e3;
}

static void check(run_t *run, lane_t *lane, const uint8_t *packet, size_t len,
                  uint64_t now) {
  const questions_t *all = &run->questions;
  uint16_t id = len < 2 ? 0 : (uint16_t)(packet[0] << 8 | packet[1]);
  uint16_t index = id & (WINDOW_MAX - 1);
  place_t *place = &lane->places[index];
  if (len < MLXR_HEADER_LEN || index >= lane->window || place->sent == 0 ||
      (place->generation & 0xf) != id >> INDEX_BITS) {
    run->tally.stray++; /* late, or with an ID that was never sent */
    return;
  }
  size_t at = all->at[place->question];
  size_t question_len = all->at[place->question + 1] - at;
  if (!(packet[2] & 0x80) || len < MLXR_HEADER_LEN + question_len ||
      memcmp(packet + MLXR_HEADER_LEN, all->wire + at, question_len) != 0) {
    run->tally.bad++;
    return;
  }
  run->tally.ok++;
  run->tally.last = now;
  run->tally.rcodes[packet[3] & 15]++;
  note_time(&run->tally, now - place->sent);
  release(run, lane, index);
}

static bool drain(run_t *run, lane_t *lane) {
  int n = receive_batch(lane->fd, &run->batch);
  uint64_t now = now_ns();
  for (int i = 0; i < n; i++)
    check(run, lane, run->batch.bytes[i], run->batch.messages[i].msg_len, now);
  return n > 0;
}

static void give_up(run_t *run, uint64_t now) {
  for (unsigned l = 0; l < run->lane_count; l++) {
    lane_t *lane = run->lanes[l];
    for (uint16_t i = 0; i < lane->window; i++) {
      uint64_t sent = lane->places[i].sent;
      if (sent == 0 || now - sent < LOST_MS * 1000000ull)
        continue;
      run->tally.lost++;
      release(run, lane, i);
    }
  }
}

/* With a rate the replies wait for the next look: how the questions are spaced
 * must not depend on them. */
static void rest(run_t *run) {
  if (run->rate > 0)
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
  else
    poll(run->polls, run->lane_count, 1);
}

static void blast(run_t *run) {
  uint64_t now = now_ns(), look = now;
  while (has_more(run, now) || run->in_flight > 0) {
    bool is_busy = false;
    for (unsigned i = 0; i < run->lane_count; i++) {
      is_busy |= fill(run, run->lanes[i], now);
      is_busy |= drain(run, run->lanes[i]);
    }
    if (!is_busy)
      rest(run);
    now = now_ns();
    if (now - look > 100000000u) {
      give_up(run, now);
      look = now;
    }
  }
}

static double percentile(const tally_t *tally, double share) {
  uint64_t seen = 0;
  for (unsigned i = 0; i < BINS; i++) {
    seen += tally->bins[i];
    if (seen > 0 && (double)seen >= share * (double)tally->ok)
      return i < 1000 ? i : (i - 1000) * 1000.0;
  }
  return 0;
}

static void report(const tally_t *tally, double seconds) {
  printf("qps=%.0f ok=%lu sent=%lu bad=%lu stray=%lu lost=%lu noerror=%lu "
         "nxdomain=%lu "
         "servfail=%lu refused=%lu avg_us=%.1f p50_us=%.0f p99_us=%.0f "
         "seconds=%.3f\n",
         (double)tally->ok / seconds, tally->ok, tally->sent, tally->bad,
         tally->stray, tally->lost, tally->rcodes[MLXR_NOERROR],
         tally->rcodes[MLXR_NXDOMAIN], tally->rcodes[MLXR_SERVFAIL],
         tally->rcodes[MLXR_REFUSED],
         tally->ok ? tally->total_us / (double)tally->ok : 0.0,
         percentile(tally, 0.5), percentile(tally, 0.99), seconds);
}

int main(int argc, char **argv) {
  static run_t run;
  if (argc < 5) {
    fprintf(stderr,
            "usage: blast ADDRESS:PORT NAMES SECONDS|once WINDOW [SOCKETS "
            "[RATE]]\n");
    return 2;
  }
  mlxr_address_t server = parse_endpoint(argv[1]);
  unsigned window = (unsigned)strtoul(argv[4], NULL, 10);
  run.lane_count = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 4;
  run.is_once = strcmp(argv[3], "once") == 0;
  if (run.lane_count < 1 || run.lane_count > SOCKETS_MAX ||
      window < run.lane_count || window / run.lane_count > WINDOW_MAX) {
    fprintf(stderr, "window: expected 1 to %d per socket, sockets: 1 to %d\n",
            WINDOW_MAX, SOCKETS_MAX);
    return 2;
  }
  load(&run.questions, argv[2]);
  for (unsigned i = 0; i < run.lane_count; i++) {
    run.lanes[i] = open_lane(&server, window / run.lane_count);
    run.polls[i] = (struct pollfd){.fd = run.lanes[i]->fd, .events = POLLIN};
  }
  run.rate = argc > 6 ? strtod(argv[6], NULL) : 0;
  run.start = now_ns();
  double limit = run.is_once ? 3600 : strtod(argv[3], NULL);
  run.end = run.start + (uint64_t)(limit * 1e9);
  blast(&run);
  /* The wait for what was lost is nobody's speed. */
  uint64_t end = run.is_once && run.tally.last ? run.tally.last : now_ns();
  report(&run.tally, (double)(end - run.start) / 1e9);
  return run.tally.ok > 0 && run.tally.bad == 0 ? 0 : 1;
}
