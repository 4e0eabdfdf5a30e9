#include "http_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sockaddr.h"

enum { BACKLOG = 64 };

static int open_unix(int *out) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0)
    return -errno;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    int code = -errno;
    close(fd);
    return code;
  }
  *out = fd;
  return 0;
}

/* 0 when nobody listens there any more. A full backlog (EAGAIN) is somebody. */
static int check_stale(const struct sockaddr_un *where) {
  struct stat status;
  if (lstat(where->sun_path, &status) != 0)
    return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(status.st_mode))
    return -EEXIST;
  int fd, rc = open_unix(&fd);
  if (rc != 0)
    return rc;
  rc = -EADDRINUSE;
  if (connect(fd, (const struct sockaddr *)where, sizeof *where) != 0 &&
      (errno == ECONNREFUSED || errno == EACCES || errno == ENOENT))
    rc = errno == EACCES ? -EACCES : 0;
  close(fd);
  return rc;
}

/* Two servers that start at once must not both find the same file stale. In a
 * folder for everybody any user could hold the lock, so it is not waited for.
 */
static int lock_folder(const char *path) {
  char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (slash == folder)
    slash++;
  if (slash)
    *slash = '\0';
  int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    flock(fd, LOCK_EX | LOCK_NB);
  return fd;
}

/* The mode comes from the umask, since between bind and chmod anybody could
 * connect. */
static int bind_private(int fd, const struct sockaddr_un *where) {
  mode_t before = umask(0177);
  int rc = bind(fd, (const struct sockaddr *)where, sizeof *where);
  int code = rc == 0 ? 0 : -errno;
  umask(before);
  return code;
}

static int bind_at(int fd, const struct sockaddr_un *where) {
  int rc = bind_private(fd, where);
  if (rc != -EADDRINUSE)
    return rc;
  rc = check_stale(where);
  if (rc != 0)
    return rc;
  if (unlink(where->sun_path) != 0 && errno != ENOENT)
    return -errno;
  return bind_private(fd, where);
}

int mlxr_http_socket_open_unix(const char *path, mlxr_socket_file_t *identity,
                               int *out) {
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof where.sun_path)
    return -ENAMETOOLONG;
  if (path[0] == '\0')
    return -EINVAL;
  memcpy(where.sun_path, path, strlen(path) + 1);
  int fd, rc = open_unix(&fd);
  if (rc != 0)
    return rc;
  int lock = lock_folder(path);
  rc = bind_at(fd, &where);
  struct stat status;
  if (rc == 0 && (listen(fd, BACKLOG) != 0 || lstat(path, &status) != 0))
    rc = -errno;
  if (lock >= 0)
    close(lock);
  if (rc != 0) {
    close(fd);
    return rc;
  }
  identity->device = (uint64_t)status.st_dev;
  identity->inode = (uint64_t)status.st_ino;
  *out = fd;
  return 0;
}

void mlxr_http_socket_unlink(const char *path,
                             const mlxr_socket_file_t *identity) {
  struct stat status;
  if (lstat(path, &status) == 0 &&
      (uint64_t)status.st_dev == identity->device &&
      (uint64_t)status.st_ino == identity->inode)
    unlink(path);
}

int mlxr_http_socket_open_tcp(const mlxr_address_t *address, int *out) {
  struct sockaddr_storage where;
  socklen_t len = mlxr_sockaddr_put(address, &where);
  int on = 1, fd = mlxr_sockaddr_socket(address, SOCK_STREAM);
  if (fd < 0)
    return fd;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address->family == 6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, (const struct sockaddr *)&where, len) != 0 ||
      listen(fd, BACKLOG) != 0) {
    int code = -errno;
    close(fd);
    return code;
  }
  *out = fd;
  return 0;
}

bool mlxr_http_socket_is_trusted(int fd) {
  uid_t peer;
#ifdef __linux__
  struct ucred credentials;
  socklen_t len = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) != 0)
    return false;
  peer = credentials.uid;
#else
  gid_t group;
  if (getpeereid(fd, &peer, &group) != 0)
    return false;
#endif
  return peer == 0 || peer == geteuid();
}

int mlxr_http_socket_address(int fd, mlxr_address_t *out) {
  struct sockaddr_storage where;
  socklen_t len = sizeof where;
  if (getsockname(fd, (struct sockaddr *)&where, &len) != 0)
    return -errno;
  mlxr_sockaddr_read((const struct sockaddr *)&where, out);
  return out->family ? 0 : -EAFNOSUPPORT;
}
