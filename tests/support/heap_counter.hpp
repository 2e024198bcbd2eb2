// SPDX-License-Identifier: BSL-1.0
// Replaces the program's allocation functions by counting ones. Include it in one source file of a test.
#pragma once

#include <cstddef>
#include <cstdlib>  // defines __GLIBC__

#if defined(__SANITIZE_ADDRESS__)
#define RMCPP_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RMCPP_TEST_SANITIZED
#endif
#endif

namespace rmcpp::test {

inline std::size_t heap_calls = 0;
#if defined(__GLIBC__) && !defined(RMCPP_TEST_SANITIZED)
inline constexpr bool counts_heap_calls = true;
#else
inline constexpr bool counts_heap_calls = false;
#endif

/// Heap allocations made by f(); 0 unless counts_heap_calls.
template <class F> std::size_t count_heap_calls(F&& f) {
  const std::size_t before = heap_calls;
  f();
  return heap_calls - before;
}

}  // namespace rmcpp::test

#if defined(__GLIBC__) && !defined(RMCPP_TEST_SANITIZED)

// malloc() and its relations, not operator new: Crypto++'s blocks come from there. The address sanitizer owns them, so
// nothing is counted under it.
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;

void* malloc(std::size_t n) noexcept {
  ++rmcpp::test::heap_calls;
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  ++rmcpp::test::heap_calls;
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) noexcept {
  ++rmcpp::test::heap_calls;
  return __libc_realloc(p, n);
}
void* memalign(std::size_t alignment, std::size_t n) noexcept {
  ++rmcpp::test::heap_calls;
  return __libc_memalign(alignment, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept { return memalign(alignment, n); }
int posix_memalign(void** p, std::size_t alignment, std::size_t n) noexcept {
  *p = memalign(alignment, n);
  return *p ? 0 : 12;  // ENOMEM
}
}

#endif
