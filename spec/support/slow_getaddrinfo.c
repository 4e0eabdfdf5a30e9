/* slow_getaddrinfo.c - a getaddrinfo that misbehaves by the name, for a spec to
 * put before the system's with LD_PRELOAD:
 *
 *   stuck…    never returns
 *   slow…     answers after 100 ms
 *   answer…   answers: 192.0.2.1, or 2001:db8::1 for IPv6, or both
 *   many…     answers with 200 addresses, each twice
 *   again…    EAI_AGAIN;  fail…  EAI_FAIL;  none…  EAI_NONAME
 *
 * Each call writes its name to the file that MLXT_LOOKUPS names. Anything else
 * is the system's, but must be an address: no question leaves the machine.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int (*getaddrinfo_fn)(const char *, const char *,
                              const struct addrinfo *, struct addrinfo **);

static void note(const char *name) {
  const char *path = getenv("MLXT_LOOKUPS");
  int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
  if (fd < 0)
    return;
  dprintf(fd, "%s\n", name);
  close(fd);
}

static int begins(const char *name, const char *with) {
  return strncasecmp(name, with, strlen(with)) == 0;
}

/* Puts one address behind the list. */
static void add(getaddrinfo_fn real, const char *text, struct addrinfo **list) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                           .ai_socktype = SOCK_STREAM};
  while (*list)
    list = &(*list)->ai_next;
  real(text, NULL, &hints, list);
}

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  getaddrinfo_fn real = (getaddrinfo_fn)dlsym(RTLD_NEXT, "getaddrinfo");
  note(name);
  while (begins(name, "stuck"))
    pause();
  if (begins(name, "again"))
    return EAI_AGAIN;
  if (begins(name, "fail"))
    return EAI_FAIL;
  if (begins(name, "none"))
    return EAI_NONAME;
  *out = NULL;
  for (int i = 0; begins(name, "many") && i < 400; i++) {
    char text[32];
    snprintf(text, sizeof text, "192.0.2.%d", i / 2);
    add(real, text, out);
  }
  if (begins(name, "slow"))
    usleep(100000);
  if (begins(name, "slow") || begins(name, "answer")) {
    if (hints->ai_family != AF_INET6)
      add(real, "192.0.2.1", out);
    if (hints->ai_family != AF_INET)
      add(real, "2001:db8::1", out);
  }
  if (*out)
    return 0;
  struct addrinfo numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  return real(name, service, &numeric, out);
}
