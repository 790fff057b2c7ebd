// A library to preload: it writes down, or lets fail, what a process does to the files below a folder.
//
//   DISK_SHIM_ROOT   the folder, without links in its path
//   DISK_SHIM_LOG    the file to write to, outside of the folder; without it nothing is written down
//
// A record, little-endian, in the order in which the calls took effect:
//
//   u32 bytes behind this field, u8 operation, u64 inode, u64 offset, u64 length, u16 bytes of path, u16 bytes of second
//   path, path, second path, data
//
// Operations, by letter: C create file (inode, path), W write (inode, offset, data), T truncate (inode, length),
// A allocate (inode, length: the new least size), S sync (inode), G sync all, R rename (path, second), L link (path,
// second), U unlink (path), D make folder (inode, path), X remove folder (path), M map for writing (inode),
// K mark (offset: its kind, length: its number).
//
// Some libraries of Rust make system calls without libc; those that change names are trapped by a seccomp filter. The
// tests compare what the records give with the folder: they end with every call that is missed.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

enum Kind { WRITE = 1, SYNC = 2, OPEN = 4, RENAME = 8, ALLOCATE = 16, UNLINK = 32, MKDIR = 64, TRUNCATE = 128, LINK = 256 };

// Stands in an argument that the call does not have: the filter lets it pass.
const long OURS = 0x5ca1ab1e;

using Inode = std::pair<dev_t, ino_t>;

struct Shim {
  std::recursive_mutex mutex;
  std::string root;
  int log = -1;
  std::set<Inode> watched;
  // Faults: after `left` more calls of these kinds the next `count` fail.
  int kinds = 0, error = 0;
  long left = 0, count = 0, seen = 0, failed = 0;
  bool shortened = false;

  Shim() {
    const char *folder = getenv("DISK_SHIM_ROOT");
    if (folder != nullptr) root = folder;
    const char *file = getenv("DISK_SHIM_LOG");
    if (file != nullptr)
      log = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }

  bool inside(const std::string &path) const {
    return !root.empty() && path.compare(0, root.size(), root) == 0 &&
           (path.size() == root.size() || path[root.size()] == '/');
  }

  void note(char operation, uint64_t inode, uint64_t offset, uint64_t length, const std::string &path,
            const std::string &second, const void *data, size_t bytes) {
    if (log < 0) return;
    std::string head(4, '\0');
    auto put = [&head](uint64_t value, int size) { head.append(reinterpret_cast<const char *>(&value), size); };
    head.push_back(operation);
    put(inode, 8), put(offset, 8), put(length, 8), put(path.size(), 2), put(second.size(), 2);
    head += path + second;
    uint32_t size = (uint32_t)(head.size() - 4 + bytes);
    memcpy(&head[0], &size, 4);
    std::vector<iovec> parts = {{&head[0], head.size()}, {const_cast<void *>(data), bytes}};
    for (size_t done = 0; done < parts.size();) {
      long wrote = syscall(SYS_writev, log, &parts[done], parts.size() - done);
      if (wrote < 0) abort();
      while (done < parts.size() && (size_t)wrote >= parts[done].iov_len) wrote -= parts[done++].iov_len;
      if (done < parts.size()) {
        parts[done].iov_base = (char *)parts[done].iov_base + wrote;
        parts[done].iov_len -= wrote;
      }
    }
  }

  // Say whether this call fails, and set errno.
  bool fails(int kind, bool *half = nullptr) {
    if (!(kinds & kind)) return false;
    seen++;
    if (left > 0) {
      left--;
      return false;
    }
    if (count == 0) return false;
    if (count > 0) count--;
    failed++;
    if (shortened && half != nullptr) {
      shortened = false;
      *half = true;
      return false;
    }
    errno = error;
    return true;
  }
};

Shim &shim() {
  static Shim *made = new Shim;
  return *made;
}

using Guard = std::lock_guard<std::recursive_mutex>;

template <typename F> F real(const char *name) { return reinterpret_cast<F>(dlsym(RTLD_NEXT, name)); }

std::string absolute(int folder, const char *path) {
  std::string whole = path == nullptr ? "" : path;
  if (whole.empty() || whole[0] != '/') {
    char base[PATH_MAX] = "";
    if (folder == AT_FDCWD) {
      if (syscall(SYS_getcwd, base, sizeof base) < 0) return whole;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
      long size = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
      if (size < 0) return whole;
      base[size] = 0;
    }
    whole = std::string(base) + "/" + whole;
  }
  std::vector<std::string> parts;
  for (size_t start = 0; start <= whole.size();) {
    size_t end = std::min(whole.find('/', start), whole.size());
    std::string part = whole.substr(start, end - start);
    if (part == ".." && !parts.empty()) parts.pop_back();
    else if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    start = end + 1;
  }
  std::string clean;
  for (const std::string &part : parts) clean += "/" + part;
  return clean;
}

bool watched(int file, struct stat *what) {
  return fstat(file, what) == 0 && shim().watched.count({what->st_dev, what->st_ino}) > 0;
}

int opened(int folder, const char *path, int flags, mode_t mode) {
  Guard guard(shim().mutex);
  std::string whole = absolute(folder, path);
  bool ours = shim().inside(whole), writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
  if (ours && writes && shim().fails(OPEN)) return -1;
  struct stat before;
  bool existed = ours && fstatat(AT_FDCWD, whole.c_str(), &before, 0) == 0;
  int file = (int)syscall(SYS_openat, folder, path, flags, mode);
  struct stat now;
  if (file < 0 || fstat(file, &now) != 0) return file;
  Inode inode(now.st_dev, now.st_ino);
  if (!ours) {
    shim().watched.erase(inode);
    return file;
  }
  int saved = errno;
  shim().watched.insert(inode);
  if (!existed && (flags & O_CREAT)) shim().note('C', now.st_ino, 0, 0, whole, "", nullptr, 0);
  else if ((flags & O_TRUNC) && writes) shim().note('T', now.st_ino, 0, 0, "", "", nullptr, 0);
  errno = saved;
  return file;
}

// Bytes that a call has written, read again where the caller no longer has them.
void copied(int file, uint64_t inode, off_t offset, size_t bytes) {
  std::string data(bytes, '\0');
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  int again = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  if (again < 0 || syscall(SYS_pread64, again, &data[0], bytes, offset) != (long)bytes) abort();
  close(again);
  shim().note('W', inode, offset, bytes, "", "", data.data(), bytes);
}

ssize_t written(int file, const iovec *parts, int number, off_t offset) {
  std::unique_lock<std::recursive_mutex> guard(shim().mutex);
  struct stat what;
  bool half = false;
  if (!watched(file, &what)) {
    // It may be a pipe, and wait for a reader.
    guard.unlock();
    return offset < 0 ? syscall(SYS_writev, file, parts, number)
                      : syscall(SYS_pwritev, file, parts, number, offset, 0);
  }
  std::string data;
  for (int i = 0; i < number; i++) data.append((const char *)parts[i].iov_base, parts[i].iov_len);
  if (shim().fails(WRITE, data.size() > 1 ? &half : nullptr)) return -1;
  size_t size = half ? data.size() / 2 : data.size();
  ssize_t wrote = offset < 0 ? syscall(SYS_write, file, data.data(), size)
                             : syscall(SYS_pwrite64, file, data.data(), size, offset);
  if (wrote > 0) {
    off_t start = offset < 0 ? (off_t)syscall(SYS_lseek, file, 0, SEEK_CUR) - wrote : offset;
    shim().note('W', what.st_ino, start, wrote, "", "", data.data(), wrote);
  }
  return wrote;
}

int synced(int file, int number) {
  Guard guard(shim().mutex);
  struct stat what;
  bool ours = watched(file, &what);
  if (ours && shim().fails(SYNC)) return -1;
  if (!ours) return (int)syscall(number, file);
  shim().note('S', what.st_ino, 0, 0, "", "", nullptr, 0);
  // What is watched needs no disk: its power cuts are made up.
  return 0;
}

int truncated(int file, off_t length) {
  Guard guard(shim().mutex);
  struct stat what;
  bool ours = watched(file, &what);
  if (ours && shim().fails(TRUNCATE)) return -1;
  int result = (int)syscall(SYS_ftruncate, file, length);
  if (ours && result == 0) shim().note('T', what.st_ino, 0, length, "", "", nullptr, 0);
  return result;
}

int allocated(int file, int mode, off_t offset, off_t length) {
  Guard guard(shim().mutex);
  struct stat what;
  bool ours = watched(file, &what);
  if (ours && shim().fails(ALLOCATE)) return -1;
  int result = (int)syscall(SYS_fallocate, file, mode, offset, length);
  if (ours && result == 0) {
    if (mode == 0) shim().note('A', what.st_ino, 0, offset + length, "", "", nullptr, 0);
    else if (mode != FALLOC_FL_KEEP_SIZE && mode != (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) abort();
  }
  return result;
}

int renamed(int folder, const char *path, int other, const char *second, unsigned flags) {
  Guard guard(shim().mutex);
  std::string from = absolute(folder, path), to = absolute(other, second);
  bool ours = shim().inside(from) || shim().inside(to);
  if (ours && shim().fails(RENAME)) return -1;
  int result = (int)syscall(SYS_renameat2, folder, path, other, second, flags, OURS);
  if (ours && result == 0) {
    if (flags & RENAME_EXCHANGE) abort();
    shim().note('R', 0, 0, 0, from, to, nullptr, 0);
  }
  return result;
}

int linked(int folder, const char *path, int other, const char *second, int flags) {
  Guard guard(shim().mutex);
  std::string from = absolute(folder, path), to = absolute(other, second);
  bool ours = shim().inside(from) || shim().inside(to);
  if (ours && shim().fails(LINK)) return -1;
  int result = (int)syscall(SYS_linkat, folder, path, other, second, flags, OURS);
  if (ours && result == 0) shim().note('L', 0, 0, 0, from, to, nullptr, 0);
  return result;
}

int unlinked(int folder, const char *path, int flags) {
  Guard guard(shim().mutex);
  std::string whole = absolute(folder, path);
  bool ours = shim().inside(whole);
  if (ours && shim().fails(UNLINK)) return -1;
  int result = (int)syscall(SYS_unlinkat, folder, path, flags, 0, 0, OURS);
  if (ours && result == 0) shim().note(flags & AT_REMOVEDIR ? 'X' : 'U', 0, 0, 0, whole, "", nullptr, 0);
  return result;
}

int made(int folder, const char *path, mode_t mode) {
  Guard guard(shim().mutex);
  std::string whole = absolute(folder, path);
  bool ours = shim().inside(whole);
  if (ours && shim().fails(MKDIR)) return -1;
  int result = (int)syscall(SYS_mkdirat, folder, path, mode);
  struct stat what;
  if (ours && result == 0 && fstatat(AT_FDCWD, whole.c_str(), &what, 0) == 0) {
    shim().watched.insert({what.st_dev, what.st_ino});
    shim().note('D', what.st_ino, 0, 0, whole, "", nullptr, 0);
  }
  return result;
}

FILE *stream(const char *name, const char *path, const char *mode) {
  Guard guard(shim().mutex);
  auto open_stream = real<FILE *(*)(const char *, const char *)>(name);
  std::string whole = absolute(AT_FDCWD, path);
  if (!shim().inside(whole) || (mode[0] == 'r' && strchr(mode, '+') == nullptr)) return open_stream(path, mode);
  int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
  int file = opened(AT_FDCWD, path, flags | (strchr(mode, '+') ? O_RDWR : O_WRONLY) | O_CLOEXEC, 0666);
  return file < 0 ? nullptr : fdopen(file, mode);
}

ssize_t sent(int out, int in, off_t *offset, size_t count) {
  Guard guard(shim().mutex);
  struct stat what;
  bool ours = watched(out, &what), half = false;
  if (ours && shim().fails(WRITE, &half)) return -1;
  ssize_t wrote = syscall(SYS_sendfile, out, in, offset, half ? count / 2 : count);
  if (ours && wrote > 0) copied(out, what.st_ino, (off_t)syscall(SYS_lseek, out, 0, SEEK_CUR) - wrote, wrote);
  return wrote;
}

long trapped(long number, const long *a) {
  switch (number) {
#ifdef SYS_rename
    case SYS_rename: return renamed(AT_FDCWD, (const char *)a[0], AT_FDCWD, (const char *)a[1], 0);
    case SYS_link: return linked(AT_FDCWD, (const char *)a[0], AT_FDCWD, (const char *)a[1], 0);
    case SYS_unlink: return unlinked(AT_FDCWD, (const char *)a[0], 0);
    case SYS_rmdir: return unlinked(AT_FDCWD, (const char *)a[0], AT_REMOVEDIR);
#endif
#ifdef SYS_renameat
    case SYS_renameat: return renamed((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], 0);
#endif
    case SYS_renameat2:
      return renamed((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (unsigned)a[4]);
    case SYS_linkat: return linked((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (int)a[4]);
    case SYS_unlinkat: return unlinked((int)a[0], (const char *)a[1], (int)a[2]);
    default: abort();
  }
}

void on_trap(int, siginfo_t *info, void *context) {
#if defined(__x86_64__)
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  long a[] = {(long)r[REG_RDI], (long)r[REG_RSI], (long)r[REG_RDX], (long)r[REG_R10], (long)r[REG_R8]};
  long result = trapped(info->si_syscall, a);
  r[REG_RAX] = result < 0 ? -errno : result;
#elif defined(__aarch64__)
  auto *r = ((ucontext_t *)context)->uc_mcontext.regs;
  long a[] = {(long)r[0], (long)r[1], (long)r[2], (long)r[3], (long)r[4]};
  long result = trapped(info->si_syscall, a);
  r[0] = result < 0 ? -errno : result;
#endif
}

__attribute__((constructor)) void trap_names() {
  if (shim().root.empty()) return;
  std::vector<long> numbers = {SYS_renameat2, SYS_linkat, SYS_unlinkat};
#ifdef SYS_rename
  numbers.insert(numbers.end(), {SYS_rename, SYS_link, SYS_unlink, SYS_rmdir});
#endif
#ifdef SYS_renameat
  numbers.push_back(SYS_renameat);
#endif
  std::vector<sock_filter> code;
  auto load = [&code](size_t at) { code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)at)); };
  load(offsetof(seccomp_data, nr));
  for (size_t i = 0; i < numbers.size(); i++)
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], (uint8_t)(numbers.size() - i), 0));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  load(offsetof(seccomp_data, args[5]));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)OURS, 0, 1));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  struct sigaction action = {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
  sock_fprog program = {(unsigned short)code.size(), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) abort();
}

}  // namespace

extern "C" {

void disk_shim_mark(uint64_t kind, uint64_t number) {
  Guard guard(shim().mutex);
  shim().note('K', 0, kind, number, "", "", nullptr, 0);
}

void disk_shim_fail(int kinds, long after, int error, long count, int shortened) {
  Guard guard(shim().mutex);
  Shim &s = shim();
  s.kinds = kinds, s.left = after, s.error = error, s.count = count, s.shortened = shortened != 0;
  s.seen = s.failed = 0;
}

long disk_shim_seen() { return shim().seen; }
long disk_shim_failed() { return shim().failed; }

#define MODE                         \
  mode_t mode = 0;                   \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list more;                    \
    va_start(more, flags);           \
    mode = (mode_t)va_arg(more, int); \
    va_end(more);                    \
  }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
FILE *fopen(const char *path, const char *mode) { return stream("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return stream("fopen64", path, mode); }

ssize_t write(int file, const void *data, size_t size) {
  iovec part = {const_cast<void *>(data), size};
  return written(file, &part, 1, -1);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
  iovec part = {const_cast<void *>(data), size};
  return written(file, &part, 1, offset);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return pwrite(file, data, size, offset); }
ssize_t writev(int file, const iovec *parts, int number) { return written(file, parts, number, -1); }
ssize_t pwritev(int file, const iovec *parts, int number, off_t offset) { return written(file, parts, number, offset); }
ssize_t pwritev64(int file, const iovec *parts, int number, off64_t offset) {
  return written(file, parts, number, offset);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count) { return sent(out, in, offset, count); }
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) { return sent(out, in, offset, count); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags) {
  struct stat what;
  if (watched(out, &what)) {
    // Callers copy by other means then.
    errno = ENOSYS;
    return -1;
  }
  return syscall(SYS_copy_file_range, in, from, out, to, count, flags);
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }
int syncfs(int) {
  Guard guard(shim().mutex);
  shim().note('G', 0, 0, 0, "", "", nullptr, 0);
  return 0;
}
int ftruncate(int file, off_t length) { return truncated(file, length); }
int ftruncate64(int file, off64_t length) { return truncated(file, length); }
static int truncated_by_name(const char *path, off_t length) {
  int file = opened(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (file < 0) return -1;
  int result = truncated(file, length);
  close(file);
  return result;
}
int truncate(const char *path, off_t length) { return truncated_by_name(path, length); }
int truncate64(const char *path, off64_t length) { return truncated_by_name(path, length); }
int fallocate(int file, int mode, off_t offset, off_t length) { return allocated(file, mode, offset, length); }
int fallocate64(int file, int mode, off64_t offset, off64_t length) { return allocated(file, mode, offset, length); }
int posix_fallocate(int file, off_t offset, off_t length) {
  return allocated(file, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

int rename(const char *path, const char *second) { return renamed(AT_FDCWD, path, AT_FDCWD, second, 0); }
int renameat(int folder, const char *path, int other, const char *second) {
  return renamed(folder, path, other, second, 0);
}
int renameat2(int folder, const char *path, int other, const char *second, unsigned flags) {
  return renamed(folder, path, other, second, flags);
}
int link(const char *path, const char *second) { return linked(AT_FDCWD, path, AT_FDCWD, second, 0); }
int linkat(int folder, const char *path, int other, const char *second, int flags) {
  return linked(folder, path, other, second, flags);
}
int unlink(const char *path) { return unlinked(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlinked(folder, path, flags); }
int rmdir(const char *path) { return unlinked(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int result = unlinked(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? unlinked(AT_FDCWD, path, AT_REMOVEDIR) : result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }

void *mmap(void *where, size_t length, int protection, int flags, int file, off_t offset) {
  if (file >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
    Guard guard(shim().mutex);
    struct stat what;
    if (watched(file, &what)) shim().note('M', what.st_ino, 0, 0, "", "", nullptr, 0);
  }
  return (void *)syscall(SYS_mmap, where, length, protection, flags, file, offset);
}
void *mmap64(void *where, size_t length, int protection, int flags, int file, off64_t offset) {
  return mmap(where, length, protection, flags, file, offset);
}
}
