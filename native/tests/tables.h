// Every table of kernels that this machine runs, each once; the AMX kernels also by emulated tiles.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "../isa.h"
#include "../kernels/kernels.h"

namespace tenfold {

const Kernels* emulated_amx_bfloat16();  // emulated_amx.cpp; null where there is no x86

namespace tests {

struct Table {
    Isa isa;
    Precision precision;

    bool packed() const { return precision == Precision::bfloat16; }
    const Kernels* kernels() const { return packed() ? isa.bfloat16 : isa.float32; }
    std::string name() const { return (packed() ? "bfloat16 on " : "float32 on ") + isa.name; }
};

inline std::vector<Table> all_tables() {
    std::vector<Table> tables;
    const auto add = [&](const Table& table) {
        const bool known = std::ranges::any_of(
            tables, [&](const Table& other) { return other.kernels() == table.kernels(); });
        if (table.kernels() && !known) tables.push_back(table);
    };
    for (const Isa& isa : available_isas()) {
        add({isa, Precision::float32});
        add({isa, Precision::bfloat16});
    }
    add({{"emulated amx", portable_float32(), emulated_amx_bfloat16()}, Precision::bfloat16});
    return tables;
}

}  // namespace tests
}  // namespace tenfold
