/* Any text: what can be read as a name, an address or rdata is written in a
 * form that reads the same. The first byte chooses: 0 a name, 1 an address, 2 a
 * network, others rdata of the type that the next two bytes tell.
 */
#include <string.h>

#include "../address.h"
#include "../rdata.h"
#include "fuzz.h"

enum { NAME, ADDRESS, NETWORK, TEXT_MAX = 1 << 23 };

static void check_name(const char *given, size_t len) {
  uint8_t wire[MLXR_NAME_MAX], again[MLXR_NAME_MAX];
  char shown[MLXR_NAME_TEXT_MAX];
  size_t wire_len, shown_len, again_len;
  if (mlxr_name_from_text(given, len, wire, &wire_len) != 0)
    return;
  MLXR_PROMISE(mlxr_name_measure(wire, wire_len) == wire_len);
  mlxr_name_to_text(wire, shown, &shown_len);
  MLXR_PROMISE(mlxr_name_from_text(shown, shown_len, again, &again_len) == 0);
  MLXR_PROMISE(again_len == wire_len && memcmp(again, wire, wire_len) == 0);
  MLXR_PROMISE(mlxr_name_is_under(wire, again));
}

static void check_address(const char *given, size_t len) {
  mlxr_address_t address, again;
  char shown[MLXR_ADDRESS_TEXT_MAX];
  uint8_t reverse[MLXR_NAME_MAX];
  if (mlxr_address_from_text(given, len, NULL, &address) != 0)
    return;
  mlxr_address_to_text(&address, NULL, shown);
  MLXR_PROMISE(mlxr_address_from_text(shown, strlen(shown), NULL, &again) == 0);
  MLXR_PROMISE(mlxr_address_is_same_host(&address, &again));
  MLXR_PROMISE(address.port == again.port);
  size_t n = mlxr_address_to_reverse(&address, reverse);
  MLXR_PROMISE(mlxr_name_measure(reverse, n) == n);
}

static void check_network(const char *given, size_t len) {
  mlxr_address_t base, next;
  unsigned prefix;
  if (mlxr_address_network_from_text(given, len, NULL, &base, &prefix) != 0)
    return;
  MLXR_PROMISE(mlxr_address_is_within(&base, &base, prefix));
  next = base;
  mlxr_address_advance(&next, 1);
  bool is_single = prefix == (base.family == 4 ? 32 : 128);
  MLXR_PROMISE(mlxr_address_is_within(&next, &base, prefix) != is_single);
}

static void check_rdata(uint16_t type, const char *given, size_t len) {
  static uint8_t rdata[MLXR_PACKET_MAX], again[MLXR_PACKET_MAX];
  static char shown[TEXT_MAX];
  size_t rdata_len, shown_len, again_len;
  if (mlxr_rdata_from_text(type, given, len, rdata, sizeof rdata, &rdata_len) !=
      0)
    return;
  MLXR_PROMISE(mlxr_rdata_check(type, rdata, rdata_len) == 0);
  MLXR_PROMISE(mlxr_rdata_to_text(type, rdata, rdata_len, shown, sizeof shown,
                                  &shown_len) == 0);
  MLXR_PROMISE(mlxr_rdata_from_text(type, shown, shown_len, again, sizeof again,
                                    &again_len) == 0);
  bool is_generic = len > 1 && memmem(given, len, "\\#", 2);
  MLXR_PROMISE(is_generic || (again_len == rdata_len &&
                              memcmp(again, rdata, rdata_len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3)
    return 0;
  const char *given = (const char *)data + 3;
  uint16_t type;
  mlxr_type_from_text(given, size - 3, &type);
  mlxr_class_from_text(given, size - 3, &type);
  type = (uint16_t)((unsigned)data[1] << 8 | data[2]);
  if (data[0] == NAME)
    check_name(given, size - 3);
  else if (data[0] == ADDRESS)
    check_address(given, size - 3);
  else if (data[0] == NETWORK)
    check_network(given, size - 3);
  else
    check_rdata(type, given, size - 3);
  return 0;
}
