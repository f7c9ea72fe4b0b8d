// The kernels for AMX with their instructions emulated, under a name of their own beside the real ones.
#include "tables.h"

#if defined(__x86_64__)

#include "emulated_bfloat16.h"  // before its first use by operand.h

#define TENFOLD_EMULATED_TILES
#define TENFOLD_ISA_AMX
#define amx emulated_amx
#define amx_bfloat16 emulated_amx_bfloat16
#include "../kernels/instantiate.cpp"

#else

namespace tenfold {
const Kernels* emulated_amx_bfloat16() { return nullptr; }
}  // namespace tenfold

#endif
