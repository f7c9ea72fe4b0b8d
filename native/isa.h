// The instruction sets that kernels were compiled for, and those that this machine can run.
#pragma once

#include <string>
#include <vector>

namespace tenfold {

enum class Precision { float32, bfloat16 };

struct Kernels;  // kernels/kernels.h

struct Isa {
    std::string name;         // amx, avx512, avx2, portable
    const Kernels* float32;   // always there
    const Kernels* bfloat16;  // null where the machine has no bfloat16 products

    const Kernels* kernels(Precision precision) const {
        return precision == Precision::float32 ? float32 : bfloat16;
    }
    // Throws std::invalid_argument where there are none.
    const Kernels& require(Precision precision) const;
};

// Best first; the last is portable. Computed once.
const std::vector<Isa>& available_isas();

}  // namespace tenfold
