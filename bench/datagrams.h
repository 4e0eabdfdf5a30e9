/* datagrams.h - batches of datagrams for the benchmark programs. */
#ifndef BENCH_DATAGRAMS_H
#define BENCH_DATAGRAMS_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sockaddr.h"

enum { BATCH = 64, DATAGRAM = 2048, ROOM = 4 << 20 };

typedef struct batch {
  struct mmsghdr messages[BATCH];
  struct iovec data[BATCH];
  struct sockaddr_storage peers[BATCH];
  uint8_t bytes[BATCH][DATAGRAM];
} batch_t;

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline mlxr_address_t parse_endpoint(const char *text) {
  mlxr_address_t address;
  if (mlxr_address_from_text(text, strlen(text), NULL, &address) < 0 ||
      address.port == 0) {
    fprintf(stderr, "%s: expected an address with a port\n", text);
    exit(2);
  }
  return address;
}

static inline int open_socket(const mlxr_address_t *address) {
  int room = ROOM;
  int fd = socket(mlxr_sockaddr_family(address), SOCK_DGRAM, 0);
  if (fd < 0)
    die("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  return fd;
}

static inline int open_server(const char *text) {
  mlxr_address_t address = parse_endpoint(text);
  struct sockaddr_storage name;
  socklen_t len = mlxr_sockaddr_put(&address, &name);
  int fd = open_socket(&address);
  if (bind(fd, (struct sockaddr *)&name, len) < 0)
    die(text);
  return fd;
}

/// Waits for at least one datagram; their number.
static inline int receive_batch(int fd, batch_t *batch) {
  for (unsigned i = 0; i < BATCH; i++) {
    batch->data[i] = (struct iovec){batch->bytes[i], DATAGRAM};
    batch->messages[i].msg_hdr =
        (struct msghdr){.msg_name = &batch->peers[i],
                        .msg_namelen = sizeof batch->peers[i],
                        .msg_iov = &batch->data[i],
                        .msg_iovlen = 1};
  }
  int n = recvmmsg(fd, batch->messages, BATCH, MSG_WAITFORONE, NULL);
  return n < 0 ? 0 : n;
}

static inline void send_batch(int fd, batch_t *batch, unsigned count) {
  unsigned sent = 0;
  while (sent < count) {
    int n = sendmmsg(fd, batch->messages + sent, count - sent, 0);
    sent += n > 0 ? (unsigned)n : 1;
  }
}

#endif
