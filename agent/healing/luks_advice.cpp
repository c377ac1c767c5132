#include "healing/luks_advice.hpp"

#include <algorithm>

namespace agent {
namespace {

using Lines = std::vector<std::string>;

// A word of a command that a person will paste into a shell.
std::string pasteable(const std::string& text) {
    const auto is_plain = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view{"/._-+:@"}.find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
    std::string word{"'"};
    for (const char c : text) word += c == '\'' ? std::string{R"('\'')"} : std::string{c};
    return word += '\'';
}

std::string text_fact(const CheckReport& report, const std::string& condition, std::string_view name) {
    const auto* facts = report.facts.find(condition);
    const auto* value = facts != nullptr ? facts->find(name) : nullptr;
    return value != nullptr && value->string() != nullptr ? *value->string() : std::string{};
}

std::string name_for(const std::string& point) {
    auto name = point == "/" ? std::string{"root"} : point.substr(point.rfind('/') + 1);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return std::string_view{" \t'\"\\"}.find(c) != std::string_view::npos; },
        '_');
    return name + "_crypt";
}

// Needed at boot: it cannot be unmounted while the host runs.
bool is_of_the_system(const std::string& point) {
    return point == "/" || point == "/usr" || point == "/var" || point == "/boot" || point == "/nix";
}

Lines open_at_boot(const std::string& device, const std::string& name) {
    return {"# then have it opened at boot. Debian: a line in /etc/crypttab,",
            "#   " + name + " UUID=<the output of: cryptsetup luksUUID " + device + "> none luks",
            "# /dev/mapper/" + name + " instead of the device in /etc/fstab, and: update-initramfs -u -k all",
            "# NixOS: boot.initrd.luks.devices." + name +
                ".device = \"/dev/disk/by-uuid/<that UUID>\", and: nixos-rebuild boot"};
}

Lines encrypt_mount(const CheckReport& report, const std::string& condition) {
    const auto point = condition.substr(condition.find(':') + 1);
    const auto source = text_fact(report, condition, "source");
    const auto type = text_fact(report, condition, "type");
    if (!source.starts_with("/dev/"))
        return {
            "# " + point + " lies on " + (source.empty() ? "nothing that is mounted" : source) + "; see what keeps it:",
            "lsblk -f", "findmnt --target " + pasteable(point)};
    const auto device = pasteable(source);
    const auto name = name_for(point);
    Lines lines{"# WARNING: a mistake or a power failure here loses all data of " + point +
                ". First have a backup that was restored once (RB-BACKUP-001, RB-RESTORE-001)."};
    if (point == "/boot")
        lines.emplace_back(
            "# /boot encrypted needs a boot loader that can open LUKS; many keep it unencrypted on purpose: "
            "then leave it out of the baseline's `mounts`.");
    if (is_of_the_system(point))
        lines.emplace_back("# Start the host from a rescue system: " + point + " must not be mounted.");
    else
        lines.push_back("umount " + pasteable(point));
    if (type.starts_with("ext")) {
        lines.push_back("e2fsck -f " + device);
        lines.push_back("resize2fs -p " + device + " <its size less 32 MiB>");
        lines.push_back("cryptsetup reencrypt --encrypt --type luks2 --reduce-device-size 32M " + device);
        lines.push_back("cryptsetup open " + device + " " + pasteable(name));
        lines.push_back("resize2fs /dev/mapper/" + pasteable(name));
    } else {
        lines.push_back("# " + (type.empty() ? std::string{"this file system"} : type) +
                        " may not be shrunk to make room for the header: make it anew and restore. This ERASES it:");
        lines.push_back("cryptsetup luksFormat --type luks2 " + device);
        lines.push_back("cryptsetup open " + device + " " + pasteable(name));
        lines.push_back("mkfs." + (type.empty() ? std::string{"ext4"} : pasteable(type)) + " /dev/mapper/" +
                        pasteable(name));
    }
    const auto boot = open_at_boot(device, name);
    lines.insert(lines.end(), boot.begin(), boot.end());
    lines.push_back("cryptsetup luksHeaderBackup " + device + " --header-backup-file <a file on another medium>");
    return lines;
}

Lines encrypt_swap(const std::string& name) {
    const auto device = name.starts_with('/') ? name : "/dev/mapper/" + name;
    const std::string erases_at_boot =
        "# Debian: a line in /etc/crypttab; its key is another one after every boot, so no hibernation. This ERASES "
        "what is on the device at each boot: be sure that it is the swap.";
    return {"swapoff " + pasteable(device),
            erases_at_boot,
            "#   swap_crypt " + device + " /dev/urandom swap,cipher=aes-xts-plain64,size=512",
            "# /dev/mapper/swap_crypt instead of the device in /etc/fstab, then:",
            "systemctl daemon-reload",
            "systemctl start systemd-cryptsetup@swap_crypt.service",
            "swapon /dev/mapper/swap_crypt",
            "# NixOS: swapDevices = [ { device = \"" + device + "\"; randomEncryption.enable = true; } ];",
            "# A swap file is encrypted where the file system is that it lies in."};
}

Lines find_volume(const std::string& name) {
    return {"# is its disk there, and was it opened?", "lsblk -f", "blkid -t TYPE=crypto_LUKS",
            "cryptsetup open <the device> " + pasteable(name)};
}

Lines strengthen(const CheckReport& report, const std::string& condition) {
    const auto name = condition.substr(condition.find(':') + 1);
    const auto known = text_fact(report, condition, "device");
    const auto device = known.empty() ? std::string{"<the device>"} : pasteable(known);
    const auto* facts = report.facts.find(condition);
    const auto* version = facts != nullptr ? facts->find("version") : nullptr;
    const bool is_first = version != nullptr && version->integer() != nullptr && *version->integer() == 1;
    Lines lines{"cryptsetup status " + pasteable(name), "cryptsetup luksDump " + device,
                "cryptsetup luksHeaderBackup " + device + " --header-backup-file <a file on another medium>"};
    if (is_first) {
        lines.push_back("# LUKS1 to LUKS2: only while it is closed, for the root from a rescue system");
        lines.push_back("cryptsetup convert " + device + " --type luks2");
    }
    lines.push_back("# a weak key derivation, for each keyslot that is named:");
    lines.push_back("cryptsetup luksConvertKey --pbkdf argon2id --key-slot <number> " + device);
    lines.push_back("# a re-encryption that has not ended:");
    lines.push_back("cryptsetup reencrypt --resume-only " + device);
    lines.push_back("# WARNING: another cipher rewrites the whole device; have a backup that was restored once:");
    lines.push_back("cryptsetup reencrypt --cipher aes-xts-plain64 --key-size 512 " + device);
    return lines;
}

Lines advise_on(const CheckReport& report, const Finding& finding) {
    if (finding.result != CheckResult::drift)
        return {"# this could not be looked at, so nothing can be advised: see to its reason first"};
    const auto& condition = finding.condition;
    const auto name = condition.substr(std::min(condition.find(':'), condition.size() - 1) + 1);
    if (condition.starts_with("mount:")) return encrypt_mount(report, condition);
    if (condition.starts_with("swap:")) return encrypt_swap(name);
    if (condition.starts_with("volume:")) return find_volume(name);
    if (condition.starts_with("luks:")) return strengthen(report, condition);
    return {"lsblk -f"};
}

}  // namespace

std::vector<LuksAdvice> advise_on_encryption(const CheckReport& report) {
    std::vector<LuksAdvice> all;
    for (const auto& finding : report.findings)
        if (!is_fine(finding.result)) all.push_back({finding.condition, finding.reason, advise_on(report, finding)});
    return all;
}

}  // namespace agent
