#include "drift/encryption/encryption_report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::string_view wanted_state{"encrypted"};

std::string joined(const std::vector<std::string>& items, std::string_view between) {
    std::string text;
    for (const auto& item : items) {
        if (!text.empty()) text += between;
        text += item;
    }
    return text;
}

std::string stacks(const std::vector<BlockDevice>& devices) {
    std::vector<std::string> words;
    words.reserve(devices.size());
    for (const auto& device : devices) words.push_back(describe(device));
    return words.empty() ? "in memory only" : joined(words, "; ");
}

Value stacks_value(const std::vector<BlockDevice>& devices) {
    Value::Array items;
    for (const auto& device : devices) items.emplace_back(describe(device));
    return items;
}

Value facts_of(const LuksHeader& header) {
    Value::Array slots;
    for (const auto& slot : header.keyslots) {
        auto item = Value::object({{"keyslot", slot.number}, {"kdf", slot.derivation}, {"cost", slot.cost}});
        if (slot.memory_kib > 0) item.set("memory_kib", slot.memory_kib);
        if (!slot.token.empty()) item.set("token", slot.token);
        slots.push_back(std::move(item));
    }
    return Value::object({{"version", header.version},
                          {"uuid", header.uuid},
                          {"ciphers", Value::strings(header.ciphers)},
                          {"key_bits", header.key_bits},
                          {"keyslots", std::move(slots)},
                          {"wholly_encrypted", header.wholly_encrypted}});
}

std::string in_words(const LuksHeader& header) {
    return "LUKS" + std::to_string(header.version) + ", " + joined(header.ciphers, ", ") + ", " +
           std::to_string(header.key_bits) + " bit key";
}

// XTS has two keys of the same length; the cipher's strength is that of one.
std::int64_t cipher_bits(const LuksHeader& header) {
    for (const auto& cipher : header.ciphers)
        if (cipher.find("-xts-") == std::string::npos) return header.key_bits;
    return header.key_bits / 2;
}

bool is_null_cipher(const std::string& cipher) { return cipher.find("null") != std::string::npos; }

// Why a header means that data lies open; empty where it does not.
std::string exposure_of(const LuksHeader& header) {
    if (!header.wholly_encrypted)
        return "only a part is encrypted yet: re-encryption has not ended (cryptsetup reencrypt --resume-only)";
    for (const auto& cipher : header.ciphers)
        if (is_null_cipher(cipher)) return "its cipher " + agent::quoted(cipher, 64) + " encrypts nothing";
    return {};
}

void look_at_slot(const LuksKeyslot& slot, const LuksLimits& limits, std::vector<std::string>& weak) {
    if (!slot.token.empty()) return;
    const auto which = "keyslot " + slot.number + ": ";
    if (slot.derivation == "pbkdf2") {
        if (slot.cost < limits.pbkdf2_iterations_least)
            weak.push_back(which + "pbkdf2 with " + std::to_string(slot.cost) + " iterations, fewer than " +
                           std::to_string(limits.pbkdf2_iterations_least));
    } else if (slot.derivation != "argon2id" && slot.derivation != "argon2i") {
        weak.push_back(which + "unknown key derivation " + agent::quoted(slot.derivation, 40));
    } else if (slot.memory_kib < limits.argon2_memory_least) {
        weak.push_back(which + slot.derivation + " with " + std::to_string(slot.memory_kib) +
                       " KiB of memory, less than " + std::to_string(limits.argon2_memory_least));
    }
}

class Judge {
public:
    Judge(const EncryptionBaseline& baseline, const EncryptionView& view)
        : baseline_{baseline}, view_{view}, report_{report_on(baseline.common)} {}

    CheckReport judge() {
        if (view_.mounts.has_error()) unknown("mounts", "known", view_.mounts.error());
        if (view_.mounts.has_value())
            for (const auto& mount : view_.mounts.value()) judge_mount(mount);
        if (baseline_.swap) judge_swaps();
        if (view_.volumes.has_error()) unknown("volumes", "known", view_.volumes.error());
        if (view_.volumes.has_value())
            for (const auto& volume : view_.volumes.value()) judge_volume(volume);
        for (const auto& luks : view_.luks) judge_luks(luks);
        // Nothing that is seen here moves by itself.
        report_.facts = report_.state;
        conclude(report_, baseline_.common);
        return std::move(report_);
    }

private:
    void tell(Finding finding) { report_.findings.push_back(std::move(finding)); }
    void unknown(const std::string& condition, const std::string& expected, const Error& error) {
        report_.state.set(condition, Value::object({{"unknown", to_string(error.code())}}));
        tell(undetermined(condition, baseline_.common.severity, expected, error));
    }

    void judge_devices(const std::string& condition, const std::string& what, const std::vector<BlockDevice>& devices) {
        const auto found = stacks(devices);
        const auto layers = layers_of(devices);
        if (layers.plain.empty()) return tell(fine(condition, std::string{wanted_state}, found));
        tell(drifted(condition, Severity::critical, std::string{wanted_state}, found,
                     what + " is not encrypted: it lies open on " + joined(layers.plain, ", ")));
    }

    void judge_mount(const MountView& view) {
        const auto condition = "mount:" + view.point;
        if (!view.mount) {
            report_.state.set(condition, Value{});
            return tell(drifted(condition, Severity::high, std::string{wanted_state}, "absent",
                                "nothing is mounted at " + view.point));
        }
        if (view.devices.has_error()) return unknown(condition, std::string{wanted_state}, view.devices.error());
        report_.state.set(condition, Value::object({{"type", view.mount->type},
                                                    {"source", view.mount->source},
                                                    {"devices", stacks_value(view.devices.value())}}));
        judge_devices(condition, "what is below " + view.point, view.devices.value());
    }

    void judge_swaps() {
        if (view_.swaps.has_error()) return unknown("swap", "encrypted or none", view_.swaps.error());
        report_.state.set("swaps", static_cast<std::int64_t>(view_.swaps.value().size()));
        if (view_.swaps.value().empty()) return tell(fine("swap", "encrypted or none", "none"));
        for (const auto& swap : view_.swaps.value()) {
            const auto condition = "swap:" + swap.name;
            if (swap.devices.has_error()) {
                unknown(condition, std::string{wanted_state}, swap.devices.error());
                continue;
            }
            report_.state.set(condition, stacks_value(swap.devices.value()));
            judge_devices(condition, "swap " + swap.name + ", where memory is written,", swap.devices.value());
        }
    }

    void judge_volume(const VolumeView& volume) {
        const auto condition = "volume:" + volume.wanted;
        report_.state.set(condition, volume.device ? Value{describe(*volume.device)} : Value{});
        const std::string expected{"present, encrypted"};
        if (!volume.device)
            return tell(drifted(condition, Severity::high, expected, "absent",
                                "the encrypted volume " + agent::quoted(volume.wanted, 80) +
                                    " is not there: is its disk, or was it not opened?"));
        if (encryption_of(*volume.device)) return tell(fine(condition, expected, describe(*volume.device)));
        tell(drifted(condition, Severity::critical, expected, describe(*volume.device),
                     agent::quoted(volume.wanted, 80) + " is there but is no encrypted volume"));
    }

    void judge_luks(const LuksView& luks) {
        const auto condition = "luks:" + luks.name;
        const std::string expected{"strong parameters"};
        if (luks.header.has_error()) {
            report_.state.set(condition, Value::object({{"unknown", to_string(luks.header.error().code())}}));
            return tell(undetermined(condition, Severity::medium, expected, luks.header.error()));
        }
        const auto& header = luks.header.value();
        auto facts = facts_of(header);
        facts.set("device", luks.backing);
        report_.state.set(condition, std::move(facts));
        if (const auto open = exposure_of(header); !open.empty())
            return tell(drifted(condition, Severity::critical, expected, in_words(header), luks.name + ": " + open));
        const auto weak = weaknesses_of(header, baseline_.luks);
        if (weak.empty()) return tell(fine(condition, expected, in_words(header)));
        tell(drifted(condition, Severity::medium, expected, in_words(header),
                     luks.name + " (" + luks.backing + "): " + joined(weak, "; ")));
    }

    const EncryptionBaseline& baseline_;
    const EncryptionView& view_;
    CheckReport report_;
};

}  // namespace

std::vector<std::string> weaknesses_of(const LuksHeader& header, const LuksLimits& limits) {
    std::vector<std::string> weak;
    if (header.version < limits.version_least)
        weak.push_back("LUKS" + std::to_string(header.version) + ", older than LUKS" +
                       std::to_string(limits.version_least));
    for (const auto& cipher : header.ciphers)
        if (std::find(limits.ciphers.begin(), limits.ciphers.end(), cipher) == limits.ciphers.end())
            weak.push_back("cipher " + agent::quoted(cipher, 64) + " is not one of " + joined(limits.ciphers, ", "));
    if (cipher_bits(header) < limits.key_bits_least)
        weak.push_back("a cipher key of " + std::to_string(cipher_bits(header)) + " bits, fewer than " +
                       std::to_string(limits.key_bits_least));
    for (const auto& slot : header.keyslots) look_at_slot(slot, limits, weak);
    return weak;
}

CheckReport judge_encryption(const EncryptionBaseline& baseline, const EncryptionView& view) {
    return Judge{baseline, view}.judge();
}

}  // namespace agent
