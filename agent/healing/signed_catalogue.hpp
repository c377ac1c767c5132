#pragma once
// The signed catalogue: which runbooks are approved, by the SHA-256 of their bytes. A DSSE envelope, documented in
// runbooks/README.md.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ed25519.hpp"
#include "model/ids.hpp"

namespace agent {

inline constexpr std::size_t catalogue_bytes_most = 1024UL * 1024UL;

struct ListedRunbook {
    std::string file;  // below the folder of runbooks: "linux/RB-A.yaml"
    RunbookId id;
    std::string sha256;
};
using RunbookList = std::vector<ListedRunbook>;  // file names and ids are unique

struct SignedRunbooks {
    RunbookList list;
    std::optional<WallTime> issued_at;  // nothing: it does not say when it was signed
};

// How a list names a runbook file of `directory`.
[[nodiscard]] std::string name_in_list(const std::filesystem::path& directory, const std::filesystem::path& file);

// `untrusted` unless one of `keys` signed it and no signature in the name of one of them is bad; `malformed`.
[[nodiscard]] Result<SignedRunbooks> open_catalogue(std::string_view envelope, const std::vector<PublicKey>& keys);
[[nodiscard]] Result<SignedRunbooks> load_catalogue(const std::filesystem::path& file,
                                                    const std::vector<PublicKey>& keys);

// The envelope. The same list, time and keys always give the same bytes.
[[nodiscard]] std::string sign_catalogue(const RunbookList& list, WallTime issued_at,
                                         const std::vector<PrivateKey>& keys);

// The line of `file`, whose content has the digest `sha256`; an error says what differs.
[[nodiscard]] Result<const ListedRunbook*> find_approved(const RunbookList& list, std::string_view file,
                                                         std::string_view sha256);

}  // namespace agent
