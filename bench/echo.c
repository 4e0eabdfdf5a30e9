/* echo: a server that takes and sends datagrams in batches of 64, each on its
 * own way through the system, and does nothing else: whatever came goes back
 * with QR set. No server that sends them so can be faster.
 *
 *   echo ADDRESS:PORT
 */
#include "datagrams.h"

enum { FLAGS = 2, QR = 0x80 };

int main(int argc, char **argv) {
  static batch_t batch;
  if (argc != 2) {
    fprintf(stderr, "usage: echo ADDRESS:PORT\n");
    return 2;
  }
  int fd = open_server(argv[1]);
  for (;;) {
    int n = receive_batch(fd, &batch);
    for (int i = 0; i < n; i++) {
      batch.bytes[i][FLAGS] |= QR;
      batch.data[i].iov_len = batch.messages[i].msg_len;
    }
    send_batch(fd, &batch, (unsigned)n);
  }
}
