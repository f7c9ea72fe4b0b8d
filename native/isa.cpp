#include "isa.h"

#include <stdexcept>

#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tenfold {

namespace {

#if defined(__x86_64__)

// What processor and system offer together, asked of the processor itself: compilers' own answers differ.
// Bits as in Intel's Software Developer's Manual, volume 2, CPUID, and volume 1, section 13.1 for XCR0.
struct Processor {
    bool avx2 = false, avx512 = false, avx512_bf16 = false, amx = false;

    Processor() {
        unsigned a = 0, b = 0, c = 0, d = 0;
        if (!__get_cpuid(1, &a, &b, &c, &d)) return;
        const bool fma = c & 1u << 12, saves_state = c & 1u << 27;
        if (!saves_state || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
        const unsigned long long state = saved_state();
        const bool ymm = (state & 0x6) == 0x6, zmm = ymm && (state & 0xe0) == 0xe0;
        const bool tiles = (state & 0x60000) == 0x60000;
        constexpr unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
        avx2 = ymm && fma && b & 1u << 5;
        avx512 = zmm && fma && (b & f_dq_bw_vl) == f_dq_bw_vl;
        amx = tiles && d & 1u << 22 && d & 1u << 24;
        avx512_bf16 = avx512 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1u << 5;
    }

private:
    // Registers that the system saves for each thread.
    static unsigned long long saved_state() {
        unsigned low = 0, high = 0;
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return static_cast<unsigned long long>(high) << 32 | low;
    }
};

// Linux hands out tiles on request.
[[maybe_unused]] bool granted_tiles() {
#if defined(__linux__)
    constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

#endif

std::vector<Isa> find_isas() {
    std::vector<Isa> found;
#if defined(__x86_64__)
    [[maybe_unused]] const Processor processor;
#endif
#if defined(TENFOLD_HAS_AVX512_BF16)
    const Kernels* dot_products = processor.avx512_bf16 ? avx512_bfloat16() : nullptr;
#elif defined(TENFOLD_HAS_AVX512)
    const Kernels* dot_products = nullptr;
#endif
#if defined(TENFOLD_HAS_AMX) && defined(TENFOLD_HAS_AVX512)
    if (processor.avx512_bf16 && processor.amx && granted_tiles())
        found.push_back({"amx", avx512_float32(), amx_bfloat16()});
#endif
#if defined(TENFOLD_HAS_AVX512)
    if (processor.avx512) found.push_back({"avx512", avx512_float32(), dot_products});
#endif
#if defined(TENFOLD_HAS_AVX2)
    if (processor.avx2) found.push_back({"avx2", avx2_float32(), nullptr});
#endif
    found.push_back({"portable", portable_float32(), nullptr});
    return found;
}

}  // namespace

const Kernels& Isa::require(Precision precision) const {
    if (const Kernels* found = kernels(precision)) return *found;
    throw std::invalid_argument("instruction set " + name + " has no bfloat16 products");
}

const std::vector<Isa>& available_isas() {
    static const std::vector<Isa> isas = find_isas();
    return isas;
}

}  // namespace tenfold
