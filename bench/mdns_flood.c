/* mdns_flood: says and asks new names on a link, to see who stays upright.
 *
 *   mdns_flood ADDRESS RATE SECONDS
 *
 * ADDRESS is the own one of the interface; RATE is in packets a second. In
 * turns: a question for a new host, the address of a new host, a new instance
 * of _mlx._tcp. Prints one line of key=value.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  PORT = 5353,
  HEADER = 12,
  ROOM = 128,
  BATCH = 64,
  TTL = 120,
  TYPE_A = 1,
  TYPE_PTR = 12,
  CLASS_IN = 1,
  CLASS_UNIQUE = 0x8001 ///< with the cache-flush bit
};

typedef struct packet {
  uint8_t bytes[ROOM];
  size_t len;
} packet_t;

static void put16(packet_t *packet, unsigned value) {
  packet->bytes[packet->len++] = (uint8_t)(value >> 8);
  packet->bytes[packet->len++] = (uint8_t)value;
}

static void put_label(packet_t *packet, const char *label) {
  size_t len = strlen(label);
  packet->bytes[packet->len++] = (uint8_t)len;
  memcpy(packet->bytes + packet->len, label, len);
  packet->len += len;
}

static void put_end(packet_t *packet) { packet->bytes[packet->len++] = 0; }

static void put_header(packet_t *packet, unsigned flags, unsigned questions,
                       unsigned answers) {
  packet->len = 0;
  put16(packet, 0);
  put16(packet, flags);
  put16(packet, questions);
  put16(packet, answers);
  put16(packet, 0);
  put16(packet, 0);
}

static void put_record(packet_t *packet, unsigned type, unsigned class,
                       unsigned data_len) {
  put16(packet, type);
  put16(packet, class);
  put16(packet, 0);
  put16(packet, TTL);
  put16(packet, data_len);
}

static void make_question(packet_t *packet, const char *label) {
  put_header(packet, 0, 1, 0);
  put_label(packet, label);
  put_label(packet, "local");
  put_end(packet);
  put16(packet, TYPE_A);
  put16(packet, CLASS_IN);
}

static void make_host(packet_t *packet, const char *label, uint32_t number) {
  put_header(packet, 0x8400, 0, 1);
  put_label(packet, label);
  put_label(packet, "local");
  put_end(packet);
  put_record(packet, TYPE_A, CLASS_UNIQUE, 4);
  put16(packet, 0x0a63);
  put16(packet, number & 0xffff);
}

static void make_instance(packet_t *packet, const char *label) {
  put_header(packet, 0x8400, 0, 1);
  put_label(packet, "_mlx");
  put_label(packet, "_tcp");
  put_label(packet, "local");
  put_end(packet);
  put_record(packet, TYPE_PTR, CLASS_IN, (unsigned)strlen(label) + 3);
  put_label(packet, label);
  put16(packet, 0xc000 | HEADER);
}

static void make(packet_t *packet, uint32_t number) {
  char label[16];
  snprintf(label, sizeof label, "n%u", number);
  if (number % 3 == 0)
    make_question(packet, label);
  else if (number % 3 == 1)
    make_host(packet, label, number);
  else
    make_instance(packet, label);
}

static int open_socket(const char *address) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  struct in_addr interface;
  unsigned char hops = 255, loop = 0;
  int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || inet_pton(AF_INET, address, &interface) != 1)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface);
  return bind(fd, (struct sockaddr *)&own, sizeof own) == 0 ? fd : -1;
}

static unsigned send_batch(int fd, uint32_t first, unsigned count) {
  static packet_t packets[BATCH];
  struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  struct mmsghdr messages[BATCH];
  struct iovec pieces[BATCH];
  inet_pton(AF_INET, "224.0.0.251", &group.sin_addr);
  memset(messages, 0, sizeof messages);
  for (unsigned i = 0; i < count; i++) {
    make(&packets[i], first + i);
    pieces[i] = (struct iovec){packets[i].bytes, packets[i].len};
    messages[i].msg_hdr.msg_name = &group;
    messages[i].msg_hdr.msg_namelen = sizeof group;
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int sent = sendmmsg(fd, messages, count, 0);
  return sent > 0 ? (unsigned)sent : 0;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  double rate = argc > 3 ? atof(argv[2]) : 0;
  double seconds = argc > 3 ? atof(argv[3]) : 0;
  int fd = rate > 0 && seconds > 0 ? open_socket(argv[1]) : -1;
  if (fd < 0) {
    fprintf(stderr, "use: mdns_flood ADDRESS RATE SECONDS (%s)\n",
            strerror(errno));
    return 2;
  }
  const double began = now();
  const struct timespec pause = {.tv_nsec = 1000000};
  uint32_t sent = 0;
  double elapsed = 0;
  while ((elapsed = now() - began) < seconds) {
    uint32_t wanted = (uint32_t)(elapsed * rate);
    while (sent < wanted) {
      uint32_t count = wanted - sent < BATCH ? wanted - sent : BATCH;
      uint32_t left = send_batch(fd, sent, count);
      sent += left;
      if (left < count)
        break;
    }
    nanosleep(&pause, NULL);
  }
  printf("sent=%u seconds=%.2f rate=%.0f\n", sent, elapsed, sent / elapsed);
  close(fd);
  return 0;
}
