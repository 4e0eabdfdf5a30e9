/* http_stress: clients that ask for streams, read them, read them slowly, or
 * leave, while a server writes to all of them, ends some and drops others, and
 * is closed and opened over and over. What a client reads is in order and
 * whole, up to where it ends.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "../http.h"

enum { ROUNDS = 8, CLIENTS = 6, ROUND_MS = 400, MOST = 32 };

static atomic_uint wrong, served;
static atomic_bool is_over;
static uint16_t port;

static void complain(const char *what) {
  fprintf(stderr, "http_stress: %s\n", what);
  atomic_fetch_add(&wrong, 1);
}

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int connect_to(uint16_t to) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(to)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval patience = {.tv_usec = 50000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* Lines are "<n\n" with n from 0 on; the chunks' sizes stand between them. */
static void check_lines(const char *text, unsigned *next) {
  for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
    if (!strchr(at, '\n'))
      return; /* cut off at the end */
    if ((unsigned)atoi(at + 1) != (*next)++)
      return complain("a line is missing");
  }
}

static void read_stream(int fd, unsigned *seed) {
  static const char ask[] = "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n";
  static _Thread_local char text[1 << 16];
  size_t len = 0;
  unsigned next = 0;
  if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0)
    return;
  for (int i = rand_r(seed) % 40; i > 0 && len < sizeof text - 1; i--) {
    ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
    if (n == 0)
      break;
    len += n > 0 ? (size_t)n : 0;
    if (rand_r(seed) % 4 == 0)
      usleep(2000);
  }
  text[len] = 0;
  check_lines(text, &next);
}

static void *client(void *arg) {
  unsigned seed = (unsigned)(uintptr_t)arg;
  while (!atomic_load(&is_over)) {
    int fd = connect_to(port);
    if (fd < 0)
      continue;
    read_stream(fd, &seed);
    close(fd);
  }
  return NULL;
}

typedef struct stream {
  uint32_t slot;
  unsigned next;
  bool is_open;
} stream_t;

static stream_t streams[MOST];

static stream_t *find(uint32_t slot, bool is_open) {
  for (int i = 0; i < MOST; i++)
    if (streams[i].is_open == is_open && (!is_open || streams[i].slot == slot))
      return &streams[i];
  return NULL;
}

static void take_requests(mlxr_http_t *http) {
  mlxr_http_request_t requests[8];
  int count = mlxr_http_step(http, requests, 8);
  for (int i = 0; i < count; i++) {
    stream_t *known = find(requests[i].slot, true);
    if (!requests[i].method) {
      if (known)
        known->is_open = false;
      continue;
    }
    stream_t *spare = find(0, false);
    if (known || strcmp(requests[i].path, "/watch") != 0)
      complain("a request that nobody made");
    if (!spare)
      mlxr_http_reply(http, requests[i].slot, 503, "text/plain", "", 0);
    else if (mlxr_http_stream(http, requests[i].slot, 200, "text/plain") == 0)
      *spare = (stream_t){.slot = requests[i].slot, .is_open = true};
    atomic_fetch_add(&served, 1);
  }
}

static void write_to(mlxr_http_t *http, stream_t *stream) {
  char line[16];
  int len = snprintf(line, sizeof line, "<%u\n", stream->next);
  int rc = mlxr_http_write(http, stream->slot, line, (size_t)len);
  stream->next++;
  if (rc == 0 && rand() % 400 != 0)
    return;
  stream->is_open = false;
  if (rand() % 2)
    mlxr_http_finish(http, stream->slot);
  else
    mlxr_http_drop(http, stream->slot);
}

static void serve(void) {
  mlxr_http_options_t options = {.max_connections = MOST, .max_stream = 512};
  mlxr_address_t address;
  mlxr_http_t *http;
  mlxr_address_from_text("127.0.0.1:0", 11, NULL, &options.address);
  if (mlxr_http_open(&options, &http) != 0)
    return complain("no server");
  mlxr_http_address(http, &address);
  port = address.port;
  memset(streams, 0, sizeof streams);
  atomic_store(&is_over, false);
  pthread_t threads[CLIENTS];
  for (uintptr_t i = 0; i < CLIENTS; i++)
    pthread_create(&threads[i], NULL, client, (void *)(i + 1));
  for (uint64_t end = now_ms() + ROUND_MS; now_ms() < end;) {
    struct pollfd ready = {mlxr_http_fd(http), POLLIN, 0};
    poll(&ready, 1, 1);
    take_requests(http);
    for (int i = 0; i < MOST; i++)
      if (streams[i].is_open)
        write_to(http, &streams[i]);
  }
  mlxr_http_close(http);
  atomic_store(&is_over, true);
  for (int i = 0; i < CLIENTS; i++)
    pthread_join(threads[i], NULL);
}

int main(void) {
  srand(1);
  for (int round = 0; round < ROUNDS; round++)
    serve();
  if (atomic_load(&served) < ROUNDS)
    complain("nobody was served");
  printf("%u wrong\n", atomic_load(&wrong));
  return atomic_load(&wrong) != 0;
}
