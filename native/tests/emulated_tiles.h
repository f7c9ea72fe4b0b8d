// The AMX instructions of kernels/multiply_amx.h in plain C++: eight tiles a thread, each of up to 16 rows of 64 bytes.
//
// As Intel's instruction set reference defines them, down to the order of sums and the faults. Tile numbers are
// template arguments, since instructions carry them.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>

#include "emulated_bfloat16.h"

namespace tenfold::emulated {

struct Tile {
    std::size_t rows = 0, bytes = 0;  // in a row
    std::array<std::array<std::uint8_t, 64>, 16> at{};

    void clear() { at = {}; }
};

inline thread_local std::array<Tile, 8> tiles;

// Where the processor would raise an exception.
inline void fault_unless(bool allowed, const char* why) {
    if (allowed) return;
    std::fprintf(stderr, "emulated tiles: %s\n", why);
    std::abort();
}

// 64 bytes: palette, start row, 14 zeros, sixteen 16-bit bytes in a row, sixteen 8-bit rows.
inline void load_config(const void* from) {
    std::array<std::uint8_t, 64> config;
    std::memcpy(config.data(), from, sizeof config);
    fault_unless(config[0] == 1 && config[1] == 0, "palette 1 has tiles, and a start at row 0");
    for (int i = 2; i < 16; ++i) fault_unless(config[i] == 0, "reserved bytes must be zero");
    for (int i = 0; i < 16; ++i) {
        const std::size_t bytes = config[16 + 2 * i] + 256u * config[17 + 2 * i], rows = config[48 + i];
        fault_unless(bytes <= 64 && rows <= 16, "a tile has up to 16 rows of 64 bytes");
        fault_unless((bytes == 0) == (rows == 0), "a tile has rows and columns, or neither");
        fault_unless(i < 8 || rows == 0, "palette 1 has eight tiles");
        if (i < 8) tiles[i] = {.rows = rows, .bytes = bytes};
    }
}

template <int number>
Tile& tile() {
    static_assert(0 <= number && number < 8, "tiles are numbered 0 to 7");
    fault_unless(tiles[number].rows > 0, "a tile is used that was not configured");
    return tiles[number];
}

inline void load_tile(Tile& tile, const void* from, std::size_t stride) {
    tile.clear();
    for (std::size_t r = 0; r < tile.rows; ++r)
        std::memcpy(tile.at[r].data(), static_cast<const char*>(from) + r * stride, tile.bytes);
}

inline void store_tile(const Tile& tile, void* to, std::size_t stride) {
    for (std::size_t r = 0; r < tile.rows; ++r)
        std::memcpy(static_cast<char*>(to) + r * stride, tile.at[r].data(), tile.bytes);
}

inline float sum_of_halves(float even, float odd) { return without_denormals(even + odd); }

// sums[m][n] += Σ even halves + Σ odd halves of left[m][k] · right[k][n], k over words. Each Σ is a sum of its own.
inline void multiply_tiles(Tile& sums, const Tile& left, const Tile& right) {
    fault_unless(&sums != &left && &sums != &right && &left != &right, "a product takes three tiles");
    fault_unless(sums.rows == left.rows && sums.bytes == right.bytes && left.bytes == 4 * right.rows,
                 "the tiles of a product must fit");
    for (std::size_t m = 0; m < sums.rows; ++m) {
        const auto a = std::bit_cast<Halves>(left.at[m]);
        auto row = std::bit_cast<Floats>(sums.at[m]);
        Floats even{}, odd{};
        for (std::size_t k = 0; k < right.rows; ++k) {
            const auto b = std::bit_cast<Halves>(right.at[k]);
            for (std::size_t n = 0; n < sums.bytes / 4; ++n) {
                even.at[n] = multiply_add(even.at[n], a.at[2 * k], b.at[2 * n]);
                odd.at[n] = multiply_add(odd.at[n], a.at[2 * k + 1], b.at[2 * n + 1]);
            }
        }
        for (std::size_t n = 0; n < sums.bytes / 4; ++n)
            row.at[n] = sum_of_halves(without_denormals(row.at[n]), sum_of_halves(even.at[n], odd.at[n]));
        sums.at[m] = std::bit_cast<std::array<std::uint8_t, 64>>(row);
    }
}

}  // namespace tenfold::emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(from) ::tenfold::emulated::load_config(from)
#define _tile_release() ::tenfold::emulated::tiles.fill({})
#define _tile_zero(number) ::tenfold::emulated::tile<number>().clear()
#define _tile_loadd(number, from, stride) \
    ::tenfold::emulated::load_tile(::tenfold::emulated::tile<number>(), from, stride)
#define _tile_stored(number, to, stride) \
    ::tenfold::emulated::store_tile(::tenfold::emulated::tile<number>(), to, stride)
#define _tile_dpbf16ps(sums, left, right)                                                               \
    ::tenfold::emulated::multiply_tiles(::tenfold::emulated::tile<sums>(), ::tenfold::emulated::tile<left>(), \
                                        ::tenfold::emulated::tile<right>())
