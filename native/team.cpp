#include "team.h"

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

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

namespace {

// A thread that helps in one team after another. Between two it spins for a while, as calls often follow each other,
// and then sleeps. Work that it is offered and has not begun can be withdrawn: nobody waits for a sleeper.
class Helper {
public:
    Helper() { std::thread([this] { help(); }).detach(); }

    void offer(Team& team, std::size_t index, const std::function<void(Member&)>& work) {
        team_ = &team;
        index_ = index;
        work_ = &work;
        state_.store(offered, std::memory_order_release);
        state_.notify_one();
    }
    // Returns when the offer is withdrawn or the work is done.
    void withdraw() {
        int state = offered;
        if (state_.compare_exchange_strong(state, idle, std::memory_order_acq_rel)) return;
        while (state == working) {
            state_.wait(working, std::memory_order_acquire);
            state = state_.load(std::memory_order_acquire);
        }
    }

private:
    enum State : int { idle, offered, working };

    [[noreturn]] void help() {
        for (;;) {
            int state = state_.load(std::memory_order_acquire);
            for (int spin = 0; state != offered && spin < kLongestSpin; ++spin) {
                pause();
                state = state_.load(std::memory_order_acquire);
            }
            if (state != offered) {
                state_.wait(state, std::memory_order_acquire);
            } else if (state_.compare_exchange_strong(state, working, std::memory_order_acq_rel)) {
                Member member(*team_, index_);
                (*work_)(member);
                state_.store(idle, std::memory_order_release);
                state_.notify_one();
            }
        }
    }

    std::atomic<int> state_{idle};
    Team* team_ = nullptr;
    std::size_t index_ = 0;
    const std::function<void(Member&)>* work_ = nullptr;
};

// Helpers that nobody needs just now. They live as long as the process.
class Pool {
public:
    // Fewer than asked for when the system gives no more threads.
    std::vector<Helper*> borrow(std::size_t count) {
        const std::lock_guard lock(mutex_);
        std::vector<Helper*> helpers;
        try {
            while (helpers.size() < count) {
                if (idle_.empty()) idle_.push_back(new Helper);
                helpers.push_back(idle_.back());
                idle_.pop_back();
            }
        } catch (const std::system_error&) {
        }
        return helpers;
    }
    void give_back(const std::vector<Helper*>& helpers) {
        const std::lock_guard lock(mutex_);
        idle_.insert(idle_.end(), helpers.begin(), helpers.end());
    }

private:
    std::mutex mutex_;
    std::vector<Helper*> idle_;
};

Pool* the_pool = nullptr;

// Made at first use; a forked process has none of its parent's threads, and begins with a pool of its own.
Pool& pool() {
    static const bool made = [] {
        the_pool = new Pool;
#if defined(__unix__) || defined(__APPLE__)
        pthread_atfork(nullptr, nullptr, [] { the_pool = new Pool; });
#endif
        return true;
    }();
    static_cast<void>(made);
    return *the_pool;
}

}  // namespace

void run_team(int threads, const std::function<void(Member&)>& work) {
    const std::vector<Helper*> helpers = threads > 1 ? pool().borrow(threads - 1) : std::vector<Helper*>{};
    Team team(helpers.size() + 1);
    for (std::size_t i = 0; i < helpers.size(); ++i) helpers[i]->offer(team, i + 1, work);
    Member member(team, 0);
    work(member);
    for (Helper* helper : helpers) helper->withdraw();
    if (!helpers.empty()) pool().give_back(helpers);
}

}  // namespace tenfold
