/* message.h - how a message looks in Lua; shared by wire.c, which reads, and
 * wire_encode.c, which writes.
 */
#ifndef MLXR_BIND_MESSAGE_H
#define MLXR_BIND_MESSAGE_H

#include "../rdata.h"
#include "bind.h"

enum { MLXR_MESSAGE_TC = 0x0200, MLXR_MESSAGE_OPCODE_SHIFT = 11 };

/// A field that is a bit of the header.
typedef struct mlxr_message_flag {
  const char *name;
  uint16_t bit;
} mlxr_message_flag_t;

/// Ends with a row without name.
extern const mlxr_message_flag_t mlxr_message_flags[];

/// The fields that hold the sections, by mlxr_section.
extern const char *const mlxr_message_sections[4];

/// core.wire.encode
int mlxr_bind_wire_encode(lua_State *L);

#endif
