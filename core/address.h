/* address.h - IP addresses and endpoints between bytes and text.
 *
 * Text forms: "192.0.2.1", "2001:db8::1", "fe80::1%eth0" and, with a port,
 * "192.0.2.1:53", "[fe80::1%eth0]:53". A scope is an interface index; names of
 * interfaces are turned into indexes by the caller's function, so that this
 * file needs no operating system.
 */
#ifndef MLXR_ADDRESS_H
#define MLXR_ADDRESS_H

#include "mlxresolve.h"

enum { MLXR_ADDRESS_TEXT_MAX = 72 };

typedef struct mlxr_address {
  uint8_t family;    ///< 4 or 6; 0 is "none"
  uint8_t bytes[16]; ///< network order; 4 bytes used for family 4
  uint16_t port;     ///< host order; 0 when none was given
  uint32_t scope;    ///< interface index for link-local IPv6, else 0
} mlxr_address_t;

/// Turns an interface's name into its index; 0 for none.
typedef uint32_t (*mlxr_address_scope_fn)(const char *name);
/// Turns an index into a name (at most 16 bytes with NUL); false for none.
typedef bool (*mlxr_address_scope_name_fn)(uint32_t index, char name[16]);

/// Reads an address with or without a port. MLXR_ETEXT when it is neither.
/// Port 0 can be read, for listeners that take a free one.
/// `scope_of` may be NULL: then only numeric scopes are understood.
int mlxr_address_from_text(const char *text, size_t len,
                           mlxr_address_scope_fn scope_of, mlxr_address_t *out);

/// Writes the canonical text (RFC 5952), the port only when it is not 0.
/// `name_of` may be NULL: then scopes are written as numbers.
void mlxr_address_to_text(const mlxr_address_t *address,
                          mlxr_address_scope_name_fn name_of,
                          char text[MLXR_ADDRESS_TEXT_MAX]);

/// Same family, bytes and scope; the port is left out.
bool mlxr_address_is_same_host(const mlxr_address_t *a,
                               const mlxr_address_t *b);

/// 127.0.0.0/8, ::1 or an IPv4-mapped loopback.
bool mlxr_address_is_loopback(const mlxr_address_t *address);

/// 169.254.0.0/16 or fe80::/10.
bool mlxr_address_is_link_local(const mlxr_address_t *address);

/// Do the first `prefix` bits of two addresses of one family agree?
bool mlxr_address_is_within(const mlxr_address_t *address,
                            const mlxr_address_t *net, unsigned prefix);

/// Reads "192.0.2.0/24" or "fe80::/10"; without a slash the whole address
/// counts. `base` has the bits behind the prefix cleared. MLXR_ETEXT.
int mlxr_address_network_from_text(const char *text, size_t len,
                                   mlxr_address_scope_fn scope_of,
                                   mlxr_address_t *base, unsigned *prefix);

/// Adds `n` to the address, as one big number.
void mlxr_address_advance(mlxr_address_t *address, uint64_t n);

/// The wire name of the reverse zone: 1.2.0.192.in-addr.arpa.,
/// ….ip6.arpa.; returns its length (RFC 1035 section 3.5, RFC 3596 2.5).
size_t mlxr_address_to_reverse(const mlxr_address_t *address,
                               uint8_t wire[255]);

#endif
