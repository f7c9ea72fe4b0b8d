// The same product by AMX tiles: two by two tiles of 16 x 16 sums, fed by two tiles of each operand.
#pragma once

#include "multiply.h"

#ifdef TENFOLD_EMULATED_TILES
#include "../tests/emulated_tiles.h"
#endif

namespace tenfold::TENFOLD_ISA {

struct alignas(64) TileShapes {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t bytes_in_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Operands are read to whole tiles of 16 rows and 16 words: beyond their ends they are padded with zeros.
struct TileProduct {
    using Operand = Bfloat16;

    // Tiles are shaped as a phase begins; released at its end, they cost a change of threads nothing.
    struct Session {
        Session() {
            static constexpr TileShapes shapes;
            _tile_loadconfig(&shapes);
        }
        ~Session() { _tile_release(); }
        Session(const Session&) = delete;
    };

    static constexpr std::size_t kBlockRow = kBlock * sizeof(float), kPanelRow = kBlock * sizeof(Word);

    template <Start start, class Finish>
    static inline void multiply_then(const Block& block, int rows, const Operands& of, const Finish& then) {
        Block sums;
        for (int r = 0; r < rows; ++r) then.fetch(r, 0);
        multiply_tiles<start>(block, of, sums);
        for (int row = 0; row < rows; row += kRows) {
            Vector strip[kRows][2];
            for (int r = 0; r < kRows; ++r)
                for (int j = 0; j < 2; ++j) strip[r][j] = load(&sums.at[row + r][j * kLanes]);
            then.finish(strip, row, 0);
        }
    }
    static inline void multiply(Block& block, int, const Operands& of) {
        multiply_tiles<Start::at_block>(block, of, block);
    }

private:
    template <Start start>
    static inline void multiply_tiles(const Block& block, const Operands& of, Block& sums) {
        __asm__ volatile("" ::: "memory");  // GCC's tile loads do not say that they read memory
        begin<start>(block);
        const std::size_t left_row = of.left_stride * sizeof(Word);
        for (std::size_t w = 0; w < of.words; w += 16) {
            const Word* left = of.left + w;
            const Word* panel = of.panel + w * kBlock;
            _tile_loadd(4, left, left_row);
            _tile_loadd(6, panel, kPanelRow);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, panel + 16, kPanelRow);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, left + 16 * of.left_stride, left_row);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, &sums.at[0][0], kBlockRow);
        _tile_stored(1, &sums.at[0][16], kBlockRow);
        _tile_stored(2, &sums.at[16][0], kBlockRow);
        _tile_stored(3, &sums.at[16][16], kBlockRow);
    }
    template <Start start>
    static TENFOLD_INLINE void begin(const Block& block) {
        if constexpr (start == Start::at_zero) {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
        } else {
            _tile_loadd(0, &block.at[0][0], kBlockRow);
            _tile_loadd(1, &block.at[0][16], kBlockRow);
            _tile_loadd(2, &block.at[16][0], kBlockRow);
            _tile_loadd(3, &block.at[16][16], kBlockRow);
        }
    }
};

}  // namespace tenfold::TENFOLD_ISA
