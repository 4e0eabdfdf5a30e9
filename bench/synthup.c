/* synthup: an upstream that knows every name. A questions get an address made
 * from a hash of the name, other types NODATA, names that begin with "nx-"
 * NXDOMAIN. On SIGUSR1 it writes how many questions have come.
 *
 *   synthup ADDRESS:PORT [TTL [LOST_OF_1000 [DELAY_US_PER_BATCH]]]
 */
#include <signal.h>
#include <unistd.h>

#include "datagrams.h"
#include "wire.h"

static volatile sig_atomic_t is_asked_for_count;

static void on_signal(int number) {
  (void)number;
  is_asked_for_count = 1;
}

typedef struct setting {
  uint32_t ttl;
  unsigned lost;    ///< of a thousand
  useconds_t delay; ///< per batch
} setting_t;

static const uint8_t soa_tail[] = {0,    0,    0, 1, 0,    0,   0x0e,
                                   0x10, 0,    0, 3, 0x84, 0,   9,
                                   0x3a, 0x80, 0, 0, 3,    0x84};

static void make_address(const uint8_t *name, size_t len, uint8_t out[4]) {
  uint64_t hash = mlxr_name_hash(name, len, 1);
  out[0] = 198; /* 198.18.0.0/15 is for benchmarks (RFC 2544) */
  out[1] = (uint8_t)(18 + (hash >> 16 & 1));
  out[2] = (uint8_t)(hash >> 8);
  out[3] = (uint8_t)hash;
}

/* The SOA is that of the name's last label; its names are the root. */
static void add_denial(mlxr_writer_t *writer, const uint8_t *name, size_t len,
                       uint32_t ttl) {
  uint8_t rdata[2 + sizeof soa_tail] = {0, 0};
  size_t at = 0;
  memcpy(rdata + 2, soa_tail, sizeof soa_tail);
  while (at < len && name[at] != 0 && at + name[at] + 2u < len)
    at += name[at] + 1u;
  mlxr_writer_record(writer, MLXR_AUTHORITY, name + at, 6, 1, false, ttl, rdata,
                     sizeof rdata);
}

static size_t answer(const mlxr_question_t *question, uint16_t id, bool has_opt,
                     const setting_t *setting, uint8_t *out) {
  static const uint8_t nx[] = "nx-";
  mlxr_writer_t writer;
  uint8_t address[4];
  bool is_nx = question->name[0] > 3 && memcmp(question->name + 1, nx, 3) == 0;
  uint16_t flags = MLXR_QR | MLXR_AA | MLXR_RD | MLXR_RA;
  if (is_nx)
    flags |= MLXR_NXDOMAIN;
  mlxr_writer_init(&writer, out, DATAGRAM, id, flags);
  mlxr_writer_question(&writer, question->name, question->type,
                       question->class_, false);
  make_address(question->name, question->name_len, address);
  if (question->type == 1 && !is_nx)
    mlxr_writer_record(&writer, MLXR_ANSWER, question->name, 1, 1, false,
                       setting->ttl, address, sizeof address);
  else
    add_denial(&writer, question->name, question->name_len, setting->ttl);
  if (has_opt)
    mlxr_writer_edns(&writer, MLXR_EDNS_SIZE, 0, false, NULL, 0);
  return mlxr_writer_finish(&writer);
}

/* Answers in place; 0 for what is no question. */
static size_t serve(uint8_t *packet, size_t len, const setting_t *setting) {
  mlxr_reader_t reader;
  mlxr_question_t question;
  if (mlxr_reader_init(&reader, packet, len) < 0 ||
      (reader.header.flags & MLXR_QR) ||
      mlxr_reader_question(&reader, &question) != 1)
    return 0;
  if ((unsigned)rand() % 1000 < setting->lost)
    return 0;
  return answer(&question, reader.header.id,
                reader.header.count[MLXR_ADDITIONAL] > 0, setting, packet);
}

int main(int argc, char **argv) {
  static batch_t batch;
  if (argc < 2) {
    fprintf(stderr, "usage: synthup ADDRESS:PORT [TTL [LOST_OF_1000 "
                    "[DELAY_US_PER_BATCH]]]\n");
    return 2;
  }
  setting_t setting = {
      .ttl = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 86400,
      .lost = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0,
      .delay = argc > 4 ? (useconds_t)strtoul(argv[4], NULL, 10) : 0};
  int fd = open_server(argv[1]);
  uint64_t count = 0;
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
  for (;;) {
    int n = receive_batch(fd, &batch);
    unsigned replies = 0;
    count += (unsigned)n;
    if (is_asked_for_count) {
      is_asked_for_count = 0;
      printf("%lu\n", count);
      fflush(stdout);
    }
    if (setting.delay > 0)
      usleep(setting.delay);
    for (int i = 0; i < n; i++) {
      batch.data[i].iov_len =
          serve(batch.bytes[i], batch.messages[i].msg_len, &setting);
      if (batch.data[i].iov_len > 0)
        batch.messages[replies++] = batch.messages[i];
    }
    send_batch(fd, &batch, replies);
  }
}
