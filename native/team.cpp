#include "team.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <thread>

namespace tenfold {

namespace {

constexpr int kShortestSpin = 16, kLongestSpin = 2048;  // pauses: from half a microsecond to some tens

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

}  // namespace

Range Team::take(std::uint32_t phase, std::size_t member, std::size_t part) {
    std::atomic<std::uint64_t>& taken = places_[member].taken;
    std::uint64_t before = taken.load(std::memory_order_acquire);
    for (;;) {
        const std::size_t start = static_cast<std::uint32_t>(before);
        if (before >> 32 != phase || start >= part) return {0, 0};
        const std::size_t some = (part - start + 1) / 2;  // smaller and smaller, so that the end can be shared
        if (taken.compare_exchange_weak(before, before + some, std::memory_order_acq_rel)) return {start, start + some};
    }
}

void Team::report(std::uint32_t phase, std::size_t done, std::size_t blocks) {
    if (done_.fetch_add(done, std::memory_order_acq_rel) + done < blocks) return;
    done_.store(0, std::memory_order_relaxed);
    const std::uint64_t next = phase + 1;
    for (Place& place : places_) place.taken.store(next << 32, std::memory_order_release);
    phases_over_.store(phase + 1, std::memory_order_release);
    phases_over_.notify_all();
}

// Phases end together when the cores are free: spinning for some microseconds is the fastest way to wait. Spins that
// come to nothing show that others want the cores: patience halves with each, and doubles with spins that pay.
void Team::wait_for_end_of(std::uint32_t phase) {
    const int patience = patience_.load(std::memory_order_relaxed);
    std::uint32_t over = phases_over_.load(std::memory_order_acquire);
    for (int spin = 0; over <= phase && spin < patience; ++spin) {
        pause();
        over = phases_over_.load(std::memory_order_acquire);
    }
    const int next = over > phase ? patience * 2 : patience / 2;
    if (next >= kShortestSpin && next <= kLongestSpin) patience_.store(next, std::memory_order_relaxed);
    while (over <= phase) {
        phases_over_.wait(over, std::memory_order_acquire);
        over = phases_over_.load(std::memory_order_acquire);
    }
}

void run_team(int threads, const std::function<void(Member&)>& work) {
    std::optional<Team> team;
    std::atomic<bool> complete{false};
    const auto join = [&](std::size_t index) {
        complete.wait(false);
        Member member(*team, index);
        work(member);
    };
    std::vector<std::thread> others;
    try {
        for (int index = 1; index < threads; ++index) others.emplace_back(join, index);
    } catch (const std::system_error&) {  // no more threads to be had
    }
    team.emplace(others.size() + 1);
    complete = true;
    complete.notify_all();
    join(0);
    for (std::thread& other : others) other.join();
}

}  // namespace tenfold
