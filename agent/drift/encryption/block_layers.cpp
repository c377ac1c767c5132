// The pure half of block_stack.hpp.
#include <array>

#include "drift/encryption/block_stack.hpp"

namespace agent {
namespace {

// Kinds of dm-crypt as libcryptsetup writes them into the mapping's UUID.
constexpr std::array<std::string_view, 7> crypt_kinds{"LUKS2",  "LUKS1", "PLAIN",  "LOOPAES",
                                                      "TCRYPT", "BITLK", "FVAULT2"};

void collect(const BlockDevice& device, Layers& layers) {
    if (encryption_of(device)) return layers.encrypted.push_back(&device);
    if (device.in_memory) return;
    if (device.below.empty()) return layers.plain.push_back(device.name);
    for (const auto& lower : device.below) collect(lower, layers);
}

std::string kind_of(const BlockDevice& device) {
    if (const auto kind = encryption_of(device)) return std::string{*kind};
    if (device.in_memory) return "memory";
    return device.dm_uuid.substr(0, device.dm_uuid.find('-'));
}

}  // namespace

std::optional<std::string_view> encryption_of(const BlockDevice& device) {
    constexpr std::string_view mark{"CRYPT-"};
    std::string_view uuid = device.dm_uuid;
    if (!uuid.starts_with(mark)) return std::nullopt;
    uuid.remove_prefix(mark.size());
    for (const auto kind : crypt_kinds)
        if (uuid.starts_with(kind) && uuid.substr(kind.size()).starts_with('-')) return kind;
    return std::nullopt;
}

Layers layers_of(const std::vector<BlockDevice>& devices) {
    Layers layers;
    for (const auto& device : devices) collect(device, layers);
    return layers;
}

std::string describe(const BlockDevice& device) {
    std::string text = device.mapping.empty() ? device.name : device.mapping;
    if (const auto kind = kind_of(device); !kind.empty()) text += " (" + kind + ")";
    for (std::size_t i = 0; i < device.below.size(); ++i)
        text += (i == 0 ? " on " : " and ") + describe(device.below[i]);
    return text;
}

}  // namespace agent
