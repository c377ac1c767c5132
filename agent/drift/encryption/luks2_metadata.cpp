#include "drift/encryption/luks2_metadata.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "codec/json.hpp"
#include "codec/members.hpp"

namespace agent {
namespace {

using Names = std::set<std::string, std::less<>>;

// Tokens whose secret is random: the derivation need not be slow.
constexpr std::array<std::string_view, 5> random_secrets{"systemd-tpm2", "systemd-fido2", "systemd-pkcs11",
                                                         "systemd-recovery", "clevis"};

Result<Names> names_in(const Members& members, std::string_view name) {
    AGENT_TRY(members.strings(name));
    AGENT_TRY(const auto* items, members.array(name));
    Names names;
    for (const auto& item : *items) names.insert(*item.string());
    return names;
}

bool meet(const Names& a, const Names& b) {
    return std::any_of(a.begin(), a.end(), [&b](const std::string& name) { return b.contains(name); });
}

// Calls `each` with the name and the members of every object in the object `name`.
template <class Each>
Result<> for_each_in(const Members& members, std::string_view name, Each each) {
    AGENT_TRY(const auto* value, members.required(name));
    if (value->object() == nullptr) return members.fault(name, "must be an object");
    for (const auto& [key, item] : *value->object()) {
        AGENT_TRY(const auto inner, Members::of(item, members.key_of(name) + '.' + key));
        AGENT_TRY(each(key, inner));
    }
    return ok();
}

// A segment that only keeps what was, or what will be, while a device is re-encrypted.
Result<bool> is_backup(const Members& segment) {
    if (segment.find("flags") == nullptr) return false;
    AGENT_TRY(const auto flags, names_in(segment, "flags"));
    return std::any_of(flags.begin(), flags.end(), [](const auto& flag) { return flag.starts_with("backup-"); });
}

Result<Names> read_segments(const Members& metadata, LuksHeader& header) {
    Names encrypted;
    AGENT_TRY(for_each_in(metadata, "segments", [&](const std::string& name, const Members& segment) -> Result<> {
        AGENT_TRY(const auto backup, is_backup(segment));
        if (backup) return ok();
        AGENT_TRY(const auto type, segment.string("type"));
        if (type == "crypt") {
            AGENT_TRY(auto cipher, segment.string("encryption"));
            encrypted.insert(name);
            if (std::find(header.ciphers.begin(), header.ciphers.end(), cipher) == header.ciphers.end())
                header.ciphers.push_back(std::move(cipher));
        } else {
            header.wholly_encrypted = false;
        }
        return ok();
    }));
    return encrypted;
}

// The keyslots whose key opens one of the encrypted segments.
Result<Names> slots_that_open(const Members& metadata, const Names& encrypted) {
    Names slots;
    AGENT_TRY(for_each_in(metadata, "digests", [&](const std::string&, const Members& digest) -> Result<> {
        AGENT_TRY(const auto segments, names_in(digest, "segments"));
        AGENT_TRY(const auto opened_by, names_in(digest, "keyslots"));
        if (meet(segments, encrypted)) slots.insert(opened_by.begin(), opened_by.end());
        return ok();
    }));
    return slots;
}

Result<LuksKeyslot> read_slot(const std::string& number, const Members& slot) {
    LuksKeyslot keyslot;
    keyslot.number = number;
    AGENT_TRY(const auto kdf, slot.object("kdf"));
    AGENT_TRY(keyslot.derivation, kdf.string("type"));
    const bool is_pbkdf2 = keyslot.derivation == "pbkdf2";
    AGENT_TRY(keyslot.cost, kdf.integer(is_pbkdf2 ? "iterations" : "time"));
    if (!is_pbkdf2) {
        AGENT_TRY(keyslot.memory_kib, kdf.integer("memory"));
    }
    return keyslot;
}

Result<> read_slots(const Members& metadata, const Names& wanted, LuksHeader& header) {
    constexpr std::int64_t key_bytes_most = 4096;
    auto bytes_least = std::numeric_limits<std::int64_t>::max();
    AGENT_TRY(for_each_in(metadata, "keyslots", [&](const std::string& number, const Members& slot) -> Result<> {
        AGENT_TRY(const auto type, slot.string("type"));
        // What is of type "reencrypt" holds no key.
        if (!wanted.contains(number) || type != "luks2") return ok();
        AGENT_TRY(const auto bytes, slot.integer("key_size"));
        if (bytes < 0 || bytes > key_bytes_most) return slot.fault("key_size", "makes no sense");
        bytes_least = std::min(bytes_least, bytes);
        AGENT_TRY(auto keyslot, read_slot(number, slot));
        header.keyslots.push_back(std::move(keyslot));
        return ok();
    }));
    if (header.keyslots.empty()) return Error{Errc::malformed, "names no keyslot that opens the data"};
    header.key_bits = bytes_least * 8;
    return ok();
}

Result<> read_tokens(const Members& metadata, LuksHeader& header) {
    return for_each_in(metadata, "tokens", [&](const std::string&, const Members& token) -> Result<> {
        AGENT_TRY(const auto type, token.string("type"));
        if (std::find(random_secrets.begin(), random_secrets.end(), type) == random_secrets.end()) return ok();
        AGENT_TRY(const auto slots, names_in(token, "keyslots"));
        for (auto& slot : header.keyslots)
            if (slots.contains(slot.number)) slot.token = type;
        return ok();
    });
}

}  // namespace

Result<LuksHeader> parse_luks2_metadata(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto metadata, Members::of(value, {}));
    LuksHeader header;
    header.version = 2;
    AGENT_TRY(const auto encrypted, read_segments(metadata, header));
    AGENT_TRY(const auto slots, slots_that_open(metadata, encrypted));
    AGENT_TRY(read_slots(metadata, slots, header));
    AGENT_TRY(read_tokens(metadata, header));
    return header;
}

}  // namespace agent
