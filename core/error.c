#include "mlxresolve.h"

#include <errno.h>
#include <string.h>

typedef struct error_row {
  int code;
  const char *name;
  const char *text;
} error_row_t;

static const error_row_t rows[] = {
    {0, "OK", "no error"},
    {MLXR_EFORMAT, "EFORMAT", "malformed packet"},
    {MLXR_ETEXT, "ETEXT", "cannot be read"},
    {MLXR_ENOSPACE, "ENOSPACE", "does not fit"},
    {MLXR_ETIMEOUT, "ETIMEOUT", "nobody answered in time"},
    {MLXR_ENOTFOUND, "ENOTFOUND", "nobody knows such a name"},
    {MLXR_EMISMATCH, "EMISMATCH", "the reply does not belong to the question"},
    {MLXR_EBUSY, "EBUSY", "too much is under way"},
    {MLXR_ELOOP, "ELOOP", "the names form a loop"},
    {MLXR_ECANCELED, "ECANCELED", "cancelled"},
    {MLXR_ECLOSED, "ECLOSED", "closed"},
    {-EACCES, "EACCES", NULL},
    {-EADDRINUSE, "EADDRINUSE", NULL},
    {-EADDRNOTAVAIL, "EADDRNOTAVAIL", NULL},
    {-EAFNOSUPPORT, "EAFNOSUPPORT", NULL},
    {-EAGAIN, "EAGAIN", NULL},
    {-EBADF, "EBADF", NULL},
    {-ECONNREFUSED, "ECONNREFUSED", NULL},
    {-ECONNRESET, "ECONNRESET", NULL},
    {-EEXIST, "EEXIST", NULL},
    {-EHOSTDOWN, "EHOSTDOWN", NULL},
    {-EHOSTUNREACH, "EHOSTUNREACH", NULL},
    {-EINVAL, "EINVAL", NULL},
    {-EIO, "EIO", NULL},
    {-EMFILE, "EMFILE", NULL},
    {-EMSGSIZE, "EMSGSIZE", NULL},
    {-ENAMETOOLONG, "ENAMETOOLONG", NULL},
    {-ENETDOWN, "ENETDOWN", NULL},
    {-ENETUNREACH, "ENETUNREACH", NULL},
    {-ENFILE, "ENFILE", NULL},
    {-ENOBUFS, "ENOBUFS", NULL},
    {-ENODEV, "ENODEV", NULL},
    {-ENOENT, "ENOENT", NULL},
    {-ENOMEM, "ENOMEM", NULL},
    {-ENOSPC, "ENOSPC", NULL},
    {-ENOTCONN, "ENOTCONN", NULL},
    {-ENOTDIR, "ENOTDIR", NULL},
    {-ENOTSUP, "ENOTSUP", NULL},
    {-EPERM, "EPERM", NULL},
    {-EPIPE, "EPIPE", NULL},
    {-EROFS, "EROFS", NULL},
    {-ETIMEDOUT, "ETIMEDOUT", NULL},
};

static const error_row_t *find_row(int code) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (rows[i].code == code)
      return &rows[i];
  return NULL;
}

const char *mlxr_error_name(int code) {
  const error_row_t *row = find_row(code);
  return row ? row->name : "EUNKNOWN";
}

int mlxr_error_code(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].name, name) == 0)
      return rows[i].code;
  return 0;
}

const char *mlxr_error_text(int code) {
  const error_row_t *row = find_row(code);
  if (row && row->text)
    return row->text;
  return strerror(code < 0 ? -code : code);
}

const char *mlxr_error_explain(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].name, name) == 0)
      return mlxr_error_text(rows[i].code);
  return name;
}
