#include "healing/known_secrets.hpp"

#include <algorithm>
#include <cstring>

#include "crypto/sodium.hpp"
#include "drift/backup/backup_check.hpp"
#include "drift/backup/secret_files.hpp"
#include "healing/kept_output.hpp"
#include "healing/mask_secrets.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t secret_least = 6;
constexpr std::size_t piece_least = 4;  // of a secret that was cut apart
constexpr std::size_t secret_file_most = 64UL * 1024UL;

std::string_view text_of(const SecretBytes& secret) {
    return {reinterpret_cast<const char*>(secret.bytes().data()), secret.bytes().size()};
}

std::string_view next_line(std::string_view& text) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

void add_lines(const std::filesystem::path& file, KnownSecrets& secrets) {
    const auto text = read_file(file, secret_file_most);
    if (text.has_error()) return;
    for (std::string_view rest{text.value()}; !rest.empty();) secrets.add(next_line(rest));
}

void add_values(const BackupTool& tool, const std::filesystem::path& file, KnownSecrets& secrets) {
    const auto settings = read_environment(tool, look_at_secret("environment_file", file));
    if (settings.has_error()) return;
    for (const auto& setting : settings.value()) secrets.add(std::string_view{setting}.substr(setting.find('=') + 1));
}

}  // namespace

KnownSecrets KnownSecrets::named_by(const Baseline& baseline) {
    KnownSecrets secrets;
    for (const auto& check : baseline.checks) {
        const auto* backup = dynamic_cast<const BackupCheck*>(check.get());
        if (backup == nullptr) continue;
        const auto& declared = backup->baseline();
        const auto& tool = declared.kind == BackupKind::borg ? borg_tool() : restic_tool();
        if (declared.password_file) add_lines(*declared.password_file, secrets);
        if (declared.environment_file) add_values(tool, *declared.environment_file, secrets);
    }
    return secrets;
}

void KnownSecrets::add(std::string_view secret) {
    if (secret.size() < secret_least) return;
    start_sodium();
    SecretBytes kept{secret.size()};
    std::memcpy(kept.writable().data(), secret.data(), secret.size());
    const auto shorter = std::find_if(secrets_.begin(), secrets_.end(), [&secret](const SecretBytes& other) {
        return other.bytes().size() < secret.size();
    });
    secrets_.insert(shorter, std::move(kept));
}

bool KnownSecrets::are_in(std::string_view text) const { return masked(text, Edge::whole, Edge::whole) != text; }

void KnownSecrets::mask_in(StepOutcome& outcome) const {
    auto& taken = outcome.taken;
    const auto between = taken.output_tail.empty() ? Edge::whole : Edge::cut;
    taken.output_head = masked(taken.output_head, Edge::whole, between);
    taken.output_tail = masked(taken.output_tail, between, Edge::whole);
    outcome.why = masked(mask_secrets(outcome.why), Edge::whole, Edge::whole);
}

std::string KnownSecrets::masked(std::string_view text, Edge begin, Edge end) const {
    std::string all;
    for (;;) {
        const auto gap = find_gap(text);
        if (gap.empty()) return all + masked_piece(std::string{text}, begin, end);
        const auto before = static_cast<std::size_t>(gap.data() - text.data());
        all.append(masked_piece(std::string{text.substr(0, before)}, begin, Edge::cut)).append(gap);
        text.remove_prefix(before + gap.size());
        begin = Edge::cut;
    }
}

std::string KnownSecrets::masked_piece(std::string text, Edge begin, Edge end) const {
    for (const auto& guarded : secrets_) {
        const auto secret = text_of(guarded);
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + secret_mask.size()))
            text.replace(at, secret.size(), secret_mask);
    }
    for (const auto& guarded : secrets_) {
        const auto secret = text_of(guarded);
        for (auto size = secret.size() - 1; size >= piece_least; --size) {
            if (begin == Edge::cut && text.starts_with(secret.substr(secret.size() - size)))
                text.replace(0, size, secret_mask);
            if (end == Edge::cut && text.ends_with(secret.substr(0, size)))
                text.replace(text.size() - size, size, secret_mask);
        }
    }
    return text;
}

}  // namespace agent
