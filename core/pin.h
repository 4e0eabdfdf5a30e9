/* pin.h - code that must stay: a thread that outlives its owner may outlive the
 * Lua state that loaded it, whose end would unmap the code under the thread.
 */
#ifndef MLXR_PIN_H
#define MLXR_PIN_H

/// Keeps the library that `address` lies in until the program ends. Before the
/// first thread of that kind is started; again is fine.
void mlxr_pin_code(const void *address);

#endif
