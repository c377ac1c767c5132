// Key files on disk: their modes, and how a pair comes into being.
#include "crypto/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/encoding.hpp"
#include "base/folder_owner.hpp"
#include "crypto/random.hpp"

namespace agent {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
}

// systemd hands out credentials with modes and ACLs of its own.
bool is_systemd_credential(const std::filesystem::path& file) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (folder == nullptr || *folder == '\0') return false;
    std::error_code error;
    return std::filesystem::equivalent(folder_of(file), folder, error);
}

Result<> write_all(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& file) {
    while (!bytes.empty()) {
        const auto count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error(errno, "writing " + file.string());
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return ok();
}

enum class Owner : std::uint8_t { we, of_the_folder };

// A whole, synced file under a name nobody looks for; gone with this object.
class DraftFile {
public:
    explicit DraftFile(std::filesystem::path target)
        : target_{std::move(target)},
          path_{folder_of(target_) / ('.' + target_.filename().string() + '.' + random_hex(16) + ".new")} {}
    DraftFile(const DraftFile&) = delete;
    DraftFile& operator=(const DraftFile&) = delete;
    DraftFile(DraftFile&&) = delete;
    DraftFile& operator=(DraftFile&&) = delete;
    ~DraftFile() {
        if (written_) ::unlink(path_.c_str());
    }

    [[nodiscard]] Result<> write(std::span<const std::byte> bytes, mode_t mode, Owner owner) {
        const Descriptor file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
        if (!file.valid()) return system_error(errno, "creating " + target_.string());
        written_ = true;
        if (owner == Owner::of_the_folder) {
            AGENT_TRY(give_to_owner_of_folder(file, path_));
        }
        AGENT_TRY(write_all(file.get(), bytes, target_));
        if (::fchmod(file.get(), mode) != 0) return system_error(errno, "setting the mode of " + target_.string());
        if (::fsync(file.get()) != 0) return system_error(errno, "syncing " + target_.string());
        return ok();
    }
    // Unlike a rename, a link never replaces what is there.
    [[nodiscard]] Result<> publish() const {
        if (::link(path_.c_str(), target_.c_str()) == 0) return ok();
        if (errno == EEXIST)
            return Error{Errc::system, target_.string() + " exists already; keys are never overwritten"};
        return system_error(errno, "creating " + target_.string());
    }

private:
    std::filesystem::path target_;
    std::filesystem::path path_;
    bool written_{false};
};

Result<> sync_folder(const std::filesystem::path& file) {
    const Descriptor folder{::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder.valid() || ::fsync(folder.get()) != 0)
        return system_error(errno, "syncing " + folder_of(file).string());
    return ok();
}

Result<> refuse_existing(const std::filesystem::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0)
        return Error{Errc::system, file.string() + " exists already; keys are never overwritten"};
    return ok();
}

Result<> save_pair(const PrivateKey& key, const std::filesystem::path& private_file,
                   const std::filesystem::path& public_file, Owner owner) {
    AGENT_TRY(refuse_existing(private_file));
    AGENT_TRY(refuse_existing(public_file));
    constexpr mode_t own = 0600;
    constexpr mode_t everybody = 0644;
    DraftFile private_draft{private_file};
    DraftFile public_draft{public_file};
    const auto private_pem = key.to_pem();
    AGENT_TRY(private_draft.write(private_pem.bytes(), own, owner));
    AGENT_TRY(public_draft.write(bytes_of(key.public_key().to_pem()), everybody, owner));
    // The private file first: after a crash in between, the public one can be made from it, and not the other way
    // round.
    AGENT_TRY(private_draft.publish());
    if (auto published = public_draft.publish(); published.has_error()) {
        ::unlink(private_file.c_str());
        return published;
    }
    AGENT_TRY(sync_folder(private_file));
    return sync_folder(public_file);
}

}  // namespace

Result<> save_key_pair(const PrivateKey& key, const std::filesystem::path& private_file,
                       const std::filesystem::path& public_file) {
    return save_pair(key, private_file, public_file, Owner::we);
}

Result<> save_host_key_pair(const PrivateKey& key, const std::filesystem::path& private_file,
                            const std::filesystem::path& public_file) {
    return save_pair(key, private_file, public_file, Owner::of_the_folder);
}

Result<> check_private_mode(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        const int reason = errno;
        auto error = system_error(reason, file.string());
        if (reason == ENOENT) return Error{Errc::not_found, error.message()};
        return error;
    }
    constexpr unsigned others = 0077;
    constexpr unsigned permissions = 07777;
    if ((status.st_mode & others) == 0 || is_systemd_credential(file)) return ok();
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode) & permissions);
    return Error{Errc::untrusted,
                 file.string() + ": mode " + mode.data() + " lets others read it; run: chmod 600 " + file.string()};
}

}  // namespace agent
