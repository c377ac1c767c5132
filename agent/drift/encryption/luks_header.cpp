#include "drift/encryption/luks_header.hpp"

#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "drift/encryption/luks2_metadata.hpp"

namespace agent {
namespace {

using std::string_view_literals::operator""sv;

constexpr auto magic = "LUKS\xba\xbe"sv;

// LUKS1, offsets in bytes.
constexpr std::size_t luks1_bytes = 592;
constexpr std::size_t luks1_cipher = 8;
constexpr std::size_t luks1_mode = 40;
constexpr std::size_t luks1_name_length = 32;
constexpr std::size_t luks1_key_bytes = 108;
constexpr std::size_t uuid_at = 168;  // of both versions
constexpr std::size_t uuid_length = 40;
constexpr std::size_t luks1_slots = 208;
constexpr std::size_t luks1_slot_length = 48;
constexpr int luks1_slot_number = 8;
constexpr std::uint64_t luks1_slot_enabled = 0x00AC71F3;

// LUKS2.
constexpr std::size_t luks2_size = 8;
constexpr std::size_t luks2_algorithm = 72;
constexpr std::size_t luks2_algorithm_length = 32;
constexpr std::size_t luks2_checksum = 448;
constexpr std::size_t luks2_checksum_length = 64;
constexpr std::size_t luks2_size_least = 16UL * 1024UL;
constexpr std::size_t luks2_size_most = 4UL * 1024UL * 1024UL;

std::uint64_t number_at(std::string_view bytes, std::size_t offset, std::size_t length) {
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(offset, length)) number = number << 8U | static_cast<unsigned char>(byte);
    return number;
}

// A name that ends at its first zero byte.
std::string name_at(std::string_view bytes, std::size_t offset, std::size_t length) {
    const auto field = bytes.substr(offset, length);
    return std::string{field.substr(0, field.find('\0'))};
}

std::uint64_t version_of(std::string_view bytes) { return number_at(bytes, magic.size(), 2); }

Result<LuksHeader> parse_luks1(std::string_view bytes) {
    LuksHeader header;
    header.version = 1;
    header.uuid = name_at(bytes, uuid_at, uuid_length);
    header.ciphers.push_back(name_at(bytes, luks1_cipher, luks1_name_length) + '-' +
                             name_at(bytes, luks1_mode, luks1_name_length));
    header.key_bits = static_cast<std::int64_t>(number_at(bytes, luks1_key_bytes, 4)) * 8;
    for (int i = 0; i < luks1_slot_number; ++i) {
        const auto at = luks1_slots + static_cast<std::size_t>(i) * luks1_slot_length;
        if (number_at(bytes, at, 4) != luks1_slot_enabled) continue;
        LuksKeyslot slot;
        slot.number = std::to_string(i);
        slot.derivation = "pbkdf2";
        slot.cost = static_cast<std::int64_t>(number_at(bytes, at + 4, 4));
        header.keyslots.push_back(std::move(slot));
    }
    return header;
}

Result<> verify_checksum(std::string_view bytes) {
    const auto algorithm = name_at(bytes, luks2_algorithm, luks2_algorithm_length);
    if (algorithm != "sha256")
        return Error{Errc::malformed,
                     "the LUKS2 header has a checksum of an unknown kind: " + agent::quoted(algorithm, 40)};
    std::string blanked{bytes};
    blanked.replace(luks2_checksum, luks2_checksum_length, luks2_checksum_length, '\0');
    const auto expected = sha256(blanked);
    const auto found = bytes.substr(luks2_checksum, expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        if (static_cast<unsigned char>(found[i]) != static_cast<unsigned char>(expected[i]))
            return Error{Errc::corrupt, "the LUKS2 header does not match its checksum; run cryptsetup repair"};
    return ok();
}

Result<LuksHeader> parse_luks2(std::string_view bytes) {
    AGENT_TRY(verify_checksum(bytes));
    const auto area = bytes.substr(luks_start_bytes);
    AGENT_TRY(auto header, in_context(parse_luks2_metadata(area.substr(0, area.find('\0'))), "the LUKS2 metadata"));
    header.uuid = name_at(bytes, uuid_at, uuid_length);
    return header;
}

}  // namespace

Result<std::size_t> luks_header_bytes(std::string_view start) {
    if (!start.starts_with(magic)) return Error{Errc::not_found, "there is no LUKS header at its start"};
    if (start.size() < luks_start_bytes) return Error{Errc::malformed, "the LUKS header is cut short"};
    const auto version = version_of(start);
    if (version == 1) return luks1_bytes;
    if (version != 2) return Error{Errc::malformed, "LUKS version " + std::to_string(version) + " is unknown"};
    const auto size = number_at(start, luks2_size, 8);
    if (size < luks2_size_least || size > luks2_size_most)
        return Error{Errc::malformed, "a LUKS2 header of " + std::to_string(size) + " bytes makes no sense"};
    return static_cast<std::size_t>(size);
}

Result<LuksHeader> parse_luks(std::string_view bytes) {
    AGENT_TRY(const auto size, luks_header_bytes(bytes.substr(0, luks_start_bytes)));
    if (bytes.size() < size) return Error{Errc::malformed, "the LUKS header is cut short"};
    if (version_of(bytes) == 1) return parse_luks1(bytes.substr(0, luks1_bytes));
    return parse_luks2(bytes.substr(0, size));
}

}  // namespace agent
