// The kernels of one instruction set. Compiled once for each, with that set's flags and one definition.
#if defined(TENFOLD_ISA_PORTABLE)
#define TENFOLD_ISA portable
#define TENFOLD_LANES 4
#elif defined(TENFOLD_ISA_AVX2)
#define TENFOLD_ISA avx2
#define TENFOLD_LANES 8
#elif defined(TENFOLD_ISA_AVX512)
#define TENFOLD_ISA avx512
#define TENFOLD_LANES 16
#elif defined(TENFOLD_ISA_AVX512_BF16)
#define TENFOLD_ISA avx512_bf16
#define TENFOLD_LANES 16
#define TENFOLD_BFLOAT16
#elif defined(TENFOLD_ISA_AMX)
#define TENFOLD_ISA amx
#define TENFOLD_LANES 16
#define TENFOLD_BFLOAT16
#endif
#if TENFOLD_LANES == 16 || defined(__aarch64__)
#define TENFOLD_REGISTERS 32
#else
#define TENFOLD_REGISTERS 16
#endif

#include "distort.h"
#include "forward.h"
#include "gather.h"
#include "input_gradient.h"
#include "loss.h"
#include "multiply.h"
#include "update.h"
#ifdef TENFOLD_ISA_AMX
#include "multiply_amx.h"
#endif

namespace tenfold {

namespace TENFOLD_ISA {

template <class Product>
constexpr Kernels kernels_of() {
    using Operand = typename Product::Operand;
    return {
        .words_in_block = Operand::kWords,
        .gather = gather<Operand>,
        .forward = forward<Product>,
        .forward_logits = forward_logits<Product>,
        .loss = loss<Operand>,
        .input_gradient = input_gradient<Product>,
        .update = update<Product>,
        .distort = distort,
        .refresh = refresh<Operand>,
    };
}

#if defined(TENFOLD_ISA_AMX)
static constexpr Kernels kernels = kernels_of<TileProduct>();
#elif defined(TENFOLD_BFLOAT16)
static constexpr Kernels kernels = kernels_of<VectorProduct<Bfloat16>>();
#else
static constexpr Kernels kernels = kernels_of<VectorProduct<Float32>>();
#endif

}  // namespace TENFOLD_ISA

#if defined(TENFOLD_ISA_PORTABLE)
const Kernels* portable_float32() { return &portable::kernels; }
#elif defined(TENFOLD_ISA_AVX2)
const Kernels* avx2_float32() { return &avx2::kernels; }
#elif defined(TENFOLD_ISA_AVX512)
const Kernels* avx512_float32() { return &avx512::kernels; }
#elif defined(TENFOLD_ISA_AVX512_BF16)
const Kernels* avx512_bfloat16() { return &avx512_bf16::kernels; }
#elif defined(TENFOLD_ISA_AMX)
const Kernels* amx_bfloat16() { return &amx::kernels; }
#endif

}  // namespace tenfold
