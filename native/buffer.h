// Memory on cache-line borders, zero at first.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace tenfold {

template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t count)
        : data_(static_cast<T*>(::operator new(count * sizeof(T), kAlignment))) {
        std::memset(data_, 0, count * sizeof(T));
    }
    Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~Buffer() { ::operator delete(data_, kAlignment); }

    T* data() const { return data_; }

private:
    static constexpr std::align_val_t kAlignment{64};
    T* data_ = nullptr;
};

}  // namespace tenfold
