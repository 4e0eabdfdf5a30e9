/* first: how long a server takes from its start to its first answer.
 *
 *   first ADDRESS:PORT CORE COMMAND...
 *
 * Starts COMMAND on processor CORE, asks for the A record of "localhost" every
 * 0.2 ms until any reply comes, ends the server, and prints the milliseconds
 * since it was started. The server writes to standard error.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "datagrams.h"

enum {
  PAUSE_NS = 200000,
  PATIENCE_MS = 20000,
  GRACE_MS = 3000 ///< between SIGTERM and SIGKILL
};

static const uint8_t question[] = {0,   7,   1,   0,   0,   1,   0,   0,   0,
                                   0,   0,   0,   9,   'l', 'o', 'c', 'a', 'l',
                                   'h', 'o', 's', 't', 0,   0,   1,   0,   1};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void become(int core, char **command) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET((size_t)core, &cores);
  sched_setaffinity(0, sizeof cores, &cores);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  execvp(command[0], command);
  die(command[0]);
}

/* Nobody listens yet: the system says so, and the next question finds out. */
static int is_answered(int fd) {
  uint8_t reply[512];
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  struct timespec pause = {.tv_nsec = PAUSE_NS};
  double asked = now_ms();
  ssize_t n = send(fd, question, sizeof question, 0);
  if (n < 0 || ppoll(&wait, 1, &pause, NULL) <= 0 ||
      (n = recv(fd, reply, sizeof reply, 0)) < 0) {
    double left = asked + PAUSE_NS / 1e6 - now_ms();
    if (left > 0)
      nanosleep(&(struct timespec){.tv_nsec = (long)(left * 1e6)}, NULL);
    return 0;
  }
  return n >= 12 && (reply[2] & 0x80) && (reply[3] & 15) == 0;
}

static void end(pid_t server) {
  kill(server, SIGTERM);
  for (int i = 0; i < GRACE_MS; i++) {
    if (waitpid(server, NULL, WNOHANG) == server)
      return;
    usleep(1000);
  }
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: first ADDRESS:PORT CORE COMMAND...\n");
    return 2;
  }
  mlxr_address_t server = parse_endpoint(argv[1]);
  struct sockaddr_storage name;
  socklen_t len = mlxr_sockaddr_put(&server, &name);
  int fd = open_socket(&server);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (connect(fd, (struct sockaddr *)&name, len) < 0)
    die("connect");
  double started = now_ms();
  pid_t child = fork();
  if (child == 0)
    become(atoi(argv[2]), argv + 3);
  while (!is_answered(fd)) {
    if (waitpid(child, NULL, WNOHANG) == child ||
        now_ms() - started > PATIENCE_MS) {
      fprintf(stderr, "%s: no answer\n", argv[3]);
      kill(child, SIGKILL);
      return 1;
    }
  }
  double took = now_ms() - started;
  end(child);
  printf("%.2f\n", took);
  return 0;
}
